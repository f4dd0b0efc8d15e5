"""The gate: every request passes it, and has an identity behind it or gets 401."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from flask import Request, current_app, request

from millstream_api.access.keys import PREFIX, KeyUsers
from millstream_api.access.local import LocalUser
from millstream_api.access.proxy import ProxyUsers
from millstream_api.access.refusal import Unauthenticated, missing
from millstream_api.access.settings import AccessSettings
from millstream_api.access.tickets import Tickets
from millstream_api.access.tokens import TokenUsers
from millstream_api.identity import Identity, identify_request
from millstream_contract.errors import NotFound
from millstream_contract.identifiers import is_id
from millstream_contract.ledger.api_keys import ApiKeys

View = TypeVar("View", bound=Callable[..., Any])

_TICKET_ENDPOINT: Final = "responses.retrieve"


def open_to_all(view: View) -> View:
    """Mark a route that needs no identity: it must show nothing that is anybody's."""
    view.open_to_all = True  # type: ignore[attr-defined]
    return view


def is_open_to_all(endpoint: str | None) -> bool:
    """Tell whether an endpoint of the current app was marked by ``open_to_all``."""
    view = current_app.view_functions.get(endpoint or "")
    return getattr(view, "open_to_all", False)


class Users(Protocol):
    """Knows whom a request is from."""

    def identify(self, request: Request) -> Identity:
        """Return the request's user. Raises Unauthenticated."""


@dataclass(frozen=True, slots=True)
class BearerUsers:
    """Users who bring a token in ``Authorization``."""

    tokens: TokenUsers

    def identify(self, request: Request) -> Identity:
        """Return the token's user. Raises Unauthenticated."""
        token = _bearer(request)
        if token is None:
            raise missing("send Authorization: Bearer, with a token or an API key.")
        return self.tokens.identify(token)


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets requests in.

    takes_keys: an API key is as good as a login. owner_of: tells whose a response is; raises
    NotFound, and LedgerUnavailable.
    """

    users: Users
    takes_keys: bool
    keys: KeyUsers
    tickets: Tickets
    owner_of: Callable[[str], str]

    @classmethod
    def of(cls, settings: AccessSettings, keys: ApiKeys, owner_of: Callable[[str], str]) -> "Gate":
        """Return the gate that the settings describe."""
        secret = settings.ticket_secret.get_secret_value() if settings.ticket_secret else None
        tickets = Tickets(secret, settings.ticket_seconds)
        takes_keys = settings.auth_mode != "local"
        return cls(_users(settings), takes_keys, KeyUsers(keys), tickets, owner_of)

    def check(self) -> None:
        """Identify the current request. Raises ApiError (401)."""
        # A preflight carries no login, and a route that is not there has nothing to protect.
        if request.method == "OPTIONS" or request.routing_exception is not None:
            return
        if not is_open_to_all(request.endpoint):
            identify_request(self.identify(request))

    def identify(self, request: Request) -> Identity:
        """Return whom a request is from. Raises Unauthenticated."""
        ticket = request.args.get("ticket")
        if ticket is not None and _opens_by_ticket(request):
            return self._by_ticket(ticket, str((request.view_args or {})["response_id"]))
        if self.takes_keys:
            token = _bearer(request)
            if token is not None and token.startswith(PREFIX):
                return self.keys.identify(token)
        return self.users.identify(request)

    def check_still_valid(self, identity: Identity) -> None:
        """Raise Unauthenticated when a login that was good has ended: for what stays open long."""
        if identity.valid_until is not None and time.time() > identity.valid_until:
            raise Unauthenticated("The login has expired.", code="expired_token")
        if identity.key_id is not None:
            self.keys.check_still_valid(identity.key_id)

    def _by_ticket(self, ticket: str, response_id: str) -> Identity:
        try:
            if not is_id(response_id, "resp"):
                raise NotFound(response_id)
            owner = self.owner_of(response_id)
        except NotFound:
            # Not a 404: who holds no good ticket learns nothing of what there is.
            raise Unauthenticated("The ticket is not valid.") from None
        self.tickets.check(ticket, response_id, owner)
        return Identity(owner, "ticket")


def _users(settings: AccessSettings) -> Users:
    match settings.auth_mode:
        case "proxy":
            return ProxyUsers(
                settings.proxy_user_header, settings.proxy_networks, settings.proxy_secret
            )
        case "oidc":
            return BearerUsers(TokenUsers.of(settings))
    return LocalUser()


def _opens_by_ticket(request: Request) -> bool:
    is_stream = request.args.get("stream") == "true"
    return request.endpoint == _TICKET_ENDPOINT and request.method == "GET" and is_stream


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
