"""Who may: tells whom a request is from, or refuses it.

Three modes, by ``MILLSTREAM_AUTH_MODE``: one local user, a reverse proxy that has logged the user
in, or tokens of an OpenID provider. docs/operating/security.md says how to set each up.
"""

from millstream_api.access.gate import Gate, open_to_all
from millstream_api.access.settings import AccessSettings

__all__ = ["AccessSettings", "Gate", "open_to_all"]
