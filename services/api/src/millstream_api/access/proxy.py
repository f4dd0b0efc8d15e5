"""The proxy mode: a reverse proxy has logged the user in, and names them in a header.

So do Databricks Apps and oauth2-proxy. Anybody can send such a header, so it counts only from the
proxy itself: by the address of the connection's other end (never by a header that tells of one), or
by a secret that only the proxy knows. Where both are set, both must hold.
"""

import hmac
import ipaddress
from dataclasses import dataclass
from typing import Final

from flask import Request
from pydantic import SecretStr

from millstream_api.access.refusal import Unauthenticated, missing
from millstream_api.access.user_names import checked_name
from millstream_api.identity import Identity, owner_named

PROOF_HEADER: Final = "X-Millstream-Proxy-Secret"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class ProxyUsers:
    """Takes the user from the header ``user_header`` of a trusted proxy."""

    user_header: str
    networks: tuple[Network, ...]
    secret: SecretStr | None

    def identify(self, request: Request) -> Identity:
        """Return the user that the proxy names. Raises Unauthenticated."""
        self._check_proxy(request)
        value = request.headers.get(self.user_header)
        if value is None:
            raise missing(f"the reverse proxy sent no {self.user_header}.")
        if "," in value:
            # The server joins a repeated header by commas: which one is the proxy's?
            raise Unauthenticated(f"{self.user_header} must be one name, sent once.")
        return Identity(owner_named(_decoded(self.user_header, value)), "proxy")

    def _check_proxy(self, request: Request) -> None:
        if self.networks and not self._is_near(request.remote_addr or ""):
            raise Unauthenticated("Connect through the reverse proxy.")
        if self.secret is not None:
            given = request.headers.get(PROOF_HEADER, "").encode()
            if not hmac.compare_digest(given, self.secret.get_secret_value().encode()):
                raise Unauthenticated("Connect through the reverse proxy.")

    def _is_near(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        # A socket that listens on IPv6 shows IPv4 peers in this form.
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self.networks)


def _decoded(header: str, value: str) -> str:
    # WSGI hands headers over as Latin-1; what proxies send is UTF-8.
    try:
        name = value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        raise Unauthenticated(f"{header} must be UTF-8.") from None
    return checked_name(header, name)
