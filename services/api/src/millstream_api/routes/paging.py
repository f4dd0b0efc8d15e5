"""Pages of lists, in the shape of the original API."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import Response, jsonify, request

from millstream_api.bodies import check_text
from millstream_api.errors import bad_field
from millstream_api.field_errors import outside, wrong_type
from millstream_contract.errors import NotFound
from millstream_contract.ledger.rows import Item

_MAX_PAGE: Final = 100
_MOST_DIGITS: Final = 4000
"""What Python turns into a number without complaint."""

_ALWAYS_INCLUDED: Final = "file_search_call.results"


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted."""

    limit: int
    after: str | None
    newest_first: bool


def asked_page() -> Page:
    """Return what the current request asks for. Raises ApiError (400) naming the parameter."""
    limit = _limit(request.args.get("limit", "20"))
    after = request.args.get("after")
    check_text("after", after)
    order = request.args.get("order", "desc")
    if order not in {"asc", "desc"}:
        raise bad_field("order", "order must be asc or desc.")
    check_include()
    return Page(limit, after, order == "desc")


def _limit(text: str) -> int:
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > _MOST_DIGITS:
        raise wrong_type("limit", f"a whole number from 1 to {_MAX_PAGE}")
    if not 1 <= int(text) <= _MAX_PAGE:
        raise outside("limit", int(text), 1, _MAX_PAGE)
    return int(text)


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
