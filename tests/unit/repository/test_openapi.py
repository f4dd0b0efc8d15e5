"""The API's contract is a file, and the file is true."""

import json
import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from millstream_api import no_effect
from millstream_api.asking import CreateResponse
from millstream_api.chatting import CreateCompletion
from millstream_api.query_parameters import KNOWN
from scripts import make_openapi, make_stream_contract
from scripts.openapi import harmless
from tests.integration.api.access_table import endpoints, routes, sockets


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return make_openapi.document()


def test_the_file_and_what_the_api_serves_are_what_the_script_makes() -> None:
    assert make_openapi.FILE.read_text(encoding="utf-8") == make_openapi.yaml_text()
    assert make_openapi.PACKAGED.read_text(encoding="utf-8") == make_openapi.json_text()


def test_it_is_a_valid_openapi_document(document: dict[str, Any]) -> None:
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_it_has_every_route_with_each_method_and_no_other(document: dict[str, Any]) -> None:
    described = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "x-websocket" not in operation
    }

    assert described == {(method, _as_path(rule)) for method, rule in routes()}


def test_it_has_every_websocket_and_no_other(document: dict[str, Any]) -> None:
    described = {
        path
        for path, operations in document["paths"].items()
        if "x-websocket" in operations.get("get", {})
    }

    assert described == {_as_path(rule) for rule in sockets()}


def test_it_has_every_query_parameter_that_a_route_takes_and_no_other(
    document: dict[str, Any],
) -> None:
    for method, rule, endpoint in endpoints():
        operation = document["paths"][_as_path(rule)][method.lower()]

        assert _in_query(document, operation) == KNOWN.get(endpoint, set()), f"{method} {rule}"


def test_it_describes_events_as_the_streams_contract_does(document: dict[str, Any]) -> None:
    here = json.dumps(document["components"]["schemas"])
    schemas = json.loads(here.replace("#/components/schemas/", "#/$defs/"))
    stream = make_stream_contract.contract()

    assert {name: schemas[name] for name in stream["$defs"]} == stream["$defs"]
    assert schemas["StreamEvent"]["oneOf"] == stream["oneOf"]


def test_it_knows_every_field_that_asks_for_nothing(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    asked, chat = schemas["CreateResponse"], schemas["CreateCompletion"]

    assert set(harmless.HARMLESS_IN_RESPONSES) == set(no_effect.RESPONSES)
    assert set(harmless.HARMLESS_IN_CHATS) == set(no_effect.CHAT)
    assert set(asked["properties"]) == set(no_effect.RESPONSES) | set(CreateResponse.model_fields)
    assert set(chat["properties"]) == set(no_effect.CHAT) | set(CreateCompletion.model_fields)


def test_everything_in_it_is_used(document: dict[str, Any]) -> None:
    used = set(re.findall(r'"#/components/([^"]+)"', json.dumps(document)))
    there = {
        f"{kind}/{name}"
        for kind in ("schemas", "responses", "parameters", "headers")
        for name in document["components"][kind]
    }

    assert used == there


def _in_query(document: dict[str, Any], operation: dict[str, Any]) -> set[str]:
    there = document["components"]["parameters"]
    used = [there[one["$ref"].rpartition("/")[2]] for one in operation.get("parameters", ())]
    return {one["name"] for one in used if one["in"] == "query"}


def _as_path(rule: str) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)
