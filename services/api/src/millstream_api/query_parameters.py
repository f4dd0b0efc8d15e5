"""Query parameters: each is one that its route knows, and is given once.

One that is not known may be a known one with a slip of the pen: passed over, a whole answer would
come where a stream was wanted, or the first page where the next one was.
"""

from collections.abc import Mapping
from typing import Final

from flask import Flask, request

from millstream_api.access.gate import is_open_to_all
from millstream_api.errors import bad_field
from millstream_api.field_errors import unsupported

_INCLUDE: Final = frozenset({"include", "include[]"})
_PAGE: Final = frozenset({"limit", "after", "order"}) | _INCLUDE

KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "responses.retrieve": _INCLUDE | {"stream", "starting_after", "include_obfuscation", "ticket"},
    "responses.input_items": _PAGE,
    "conversations.newest": _PAGE | {"q"},
    "conversations.items": _PAGE,
    "conversations.add_items": _INCLUDE,
    "conversations.retrieve_item": _INCLUDE,
}
"""By endpoint; what is not here takes none."""


def check_query_parameters(app: Flask) -> None:
    """Refuse what a route does not know, or gets twice. Call it behind the gate's hook."""
    app.before_request(_check)


def _check() -> None:
    # A preflight asks for the route only; probes may say in their address what they like.
    if request.method == "OPTIONS" or request.routing_exception is not None:
        return
    if is_open_to_all(request.endpoint):
        return
    known = KNOWN.get(request.endpoint or "", frozenset())
    for name, values in request.args.lists():
        if name not in known:
            raise unsupported(name)
        # A list is given by repeating its name.
        if len(values) > 1 and name not in _INCLUDE:
            raise bad_field(name, f"{name} must be given once.")
