"""``/openapi.json``: what the API takes and answers, as an OpenAPI 3.1 document."""

from functools import cache
from importlib.resources import files

from flask import Blueprint, Response

from millstream_api.access import open_to_all

blueprint = Blueprint("document", __name__)


@blueprint.get("/openapi.json")
@open_to_all
def openapi() -> Response:
    """Answer with the document, which scripts/make_openapi.py made."""
    return Response(_document(), content_type="application/json")


@cache
def _document() -> bytes:
    return files("millstream_api").joinpath("openapi.json").read_bytes()
