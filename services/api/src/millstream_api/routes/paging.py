"""Pages of lists, in the shape of the original API."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import Response, jsonify, request

from millstream_api.bodies import check_text
from millstream_api.errors import bad_field
from millstream_contract.errors import NotFound
from millstream_contract.ledger.rows import Item

_MAX_PAGE: Final = 100
_ALWAYS_INCLUDED: Final = "file_search_call.results"


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted."""

    limit: int
    after: str | None
    newest_first: bool


def asked_page() -> Page:
    """Return what the current request asks for. Raises ApiError (400) naming the parameter."""
    text = request.args.get("limit", "20")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= _MAX_PAGE:
        raise bad_field("limit", f"limit must be a whole number from 1 to {_MAX_PAGE}.")
    after = request.args.get("after")
    check_text("after", after)
    order = request.args.get("order", "desc")
    if order not in {"asc", "desc"}:
        raise bad_field("order", "order must be asc or desc.")
    check_include()
    return Page(int(text), after, order == "desc")


def check_include() -> None:
    """Raise ApiError (400) when something is to be included that is not there."""
    for name in ("include", "include[]"):
        if set(request.args.getlist(name)) - {_ALWAYS_INCLUDED}:
            message = f"include may only name {_ALWAYS_INCLUDED!r}, which always is."
            raise bad_field("include", message)


def listed(entries: Sequence[dict[str, Any]], limit: int) -> Response:
    """Answer with a page of a list, of which one entry more than ``limit`` was looked for."""
    page = entries[:limit]
    return jsonify(
        {
            "object": "list",
            "data": page,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
            "has_more": len(entries) > limit,
        }
    )


def listed_items(read: Callable[..., list[Item]], object_id: str, owner: str) -> Response:
    """Answer with the page of items that the current request asks for."""
    page = asked_page()
    try:
        found = read(
            object_id,
            owner,
            after=page.after,
            limit=page.limit + 1,
            newest_first=page.newest_first,
        )
    except NotFound:
        raise bad_field("after", "after must be the id of an item of this list.") from None
    return listed([item_object(one) for one in found], page.limit)


def item_object(one: Item) -> dict[str, Any]:
    """Return an item as clients see it."""
    feedback = one.feedback.model_dump() if one.feedback else None
    return {**one.body, "response_id": one.response_id, "millstream": {"feedback": feedback}}
