"""The local mode: there is one user, on one machine."""

from typing import Final

from flask import Request

from millstream_api.identity import LOCAL_OWNER, Identity

_IDENTITY: Final = Identity(LOCAL_OWNER, "local")


class LocalUser:
    """Takes everybody for the one user. What keeps others out is the address (see settings)."""

    def identify(self, _: Request) -> Identity:
        """Return the one identity there is."""
        return _IDENTITY
