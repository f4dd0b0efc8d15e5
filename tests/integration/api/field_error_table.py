"""Mistakes in every field of every body, and in queries: the field, what it is given, the code."""

import json
from typing import Final


def _whole(least: int, most: int, field: str) -> list[tuple[str, str, str]]:
    return [
        (field, str(least - 1), "integer_below_min_value"),
        (field, "-1e999", "integer_below_min_value"),
        (field, str(most + 1), "integer_above_max_value"),
        (field, "1e999", "integer_above_max_value"),
        (field, "9" * 5000, "integer_above_max_value"),
        *((field, other, "invalid_type") for other in ('"3"', "true", "1.5", "[]", "{}")),
    ]


def _decimal(field: str) -> list[tuple[str, str, str]]:
    return [
        *((field, low, "decimal_below_min_value") for low in ("-0.1", "-1", "-1e999")),
        *((field, high, "decimal_above_max_value") for high in ("9", "2.01", "9" * 5000)),
        *((field, other, "invalid_type") for other in ('"1"', "false", "[]", "{}")),
    ]


def _boolean(field: str) -> list[tuple[str, str, str]]:
    return [(field, other, "invalid_type") for other in ("1", '"true"', "[]", "{}", "0.5")]


def _text(field: str, longest: int) -> list[tuple[str, str, str]]:
    return [
        (field, json.dumps("x" * (longest + 1)), "string_above_max_length"),
        (field, json.dumps("x" * 20_000), "string_above_max_length"),
        *((field, other, "invalid_type") for other in ("1", "true", "[]", "{}")),
    ]


def _id(field: str) -> list[tuple[str, str, str]]:
    return [
        (field, '"x"', "invalid_value"),
        (field, '""', "invalid_value"),
        *((field, other, "invalid_type") for other in ("1", "true", "[]")),
    ]


def _metadata() -> list[tuple[str, str, str]]:
    many = json.dumps({str(at): "x" for at in range(17)})
    return [
        ("metadata", many, "object_above_max_properties"),
        ("metadata", json.dumps({"n" * 65: "x"}), "property_name_above_max_length"),
        ("metadata.a", json.dumps({"a": "x" * 513}), "string_above_max_length"),
        ("metadata.a", '{"a": 1}', "invalid_type"),
        ("metadata.str", '{"str": null}', "invalid_type"),
        ("metadata.a", '{"a": "\\u0000"}', "invalid_value"),
        ("metadata.a", '{"a": "\\ud83d"}', "invalid_value"),
        ("metadata", '{"\\u0000": "a"}', "invalid_value"),
        *(("metadata", other, "invalid_type") for other in ("1", '"x"', "[]", "true")),
    ]


def _messages(field: str, most: int) -> list[tuple[str, str, str]]:
    one = {"role": "user", "content": "x"}
    return [
        (field, "[]", "empty_array"),
        (field, json.dumps([one] * (most + 1)), "array_above_max_length"),
        *((field, other, "invalid_type") for other in ("1", "true", "{}")),
        *((f"{field}[0]", other, "invalid_type") for other in ("[1]", "[[]]", '["x"]')),
        (f"{field}[0].role", '[{"content": "x"}]', "missing_required_parameter"),
        (f"{field}[0].role", '[{"role": "tool", "content": "x"}]', "invalid_value"),
        (f"{field}[0].role", '[{"role": [], "content": "x"}]', "invalid_type"),
        (f"{field}[0].content", '[{"role": "user"}]', "missing_required_parameter"),
        (f"{field}[0].content", '[{"role": "user", "content": 1}]', "invalid_type"),
        (f"{field}[0].name", '[{"name": "x", "role": "user", "content": ""}]', "unknown_parameter"),
        (f"{field}[0].content[0]", _part("1"), "invalid_type"),
        (f"{field}[0].content[0].type", _part("{}"), "missing_required_parameter"),
        (f"{field}[0].content[0].type", _part('{"type": "input_image"}'), "invalid_value"),
        (f"{field}[0].content[0].type", _part('{"type": {}}'), "invalid_type"),
        (f"{field}[0].content[0].text", _part('{"type": "text"}'), "missing_required_parameter"),
        (f"{field}[0].content[0].text", _part('{"type": "text", "text": 1}'), "invalid_type"),
    ]


def _part(part: str) -> str:
    return f'[{{"role": "user", "content": [{part}]}}]'


MISTAKES: Final[dict[str, list[tuple[str, str, str]]]] = {
    "CreateResponse": [
        *_whole(1, 100_000, "max_output_tokens"),
        *_decimal("temperature"),
        *_boolean("stream"),
        *_boolean("background"),
        *_boolean("store"),
        *_text("model", 200),
        *_text("instructions", 4000),
        *_text("input", 2000)[:2],
        *_messages("input", 1000),
        *_id("conversation"),
        *_id("previous_response_id"),
        *_metadata(),
        ("conversation.id", "{}", "missing_required_parameter"),
        ("conversation.id", '{"id": 1}', "invalid_type"),
        ("conversation.x", '{"id": "x", "x": 1}', "unknown_parameter"),
        ("input", "null", "invalid_type"),
        ("input", '""', "empty_string"),
        ("input", '" "', "invalid_value"),
        ("input", '"a\\u0000b"', "invalid_value"),
        ("input[0].type", '[{"type": "message!", "role": "user"}]', "invalid_value"),
        ("input[0].type", '[{"type": 1, "role": "user"}]', "invalid_type"),
        *(("millstream", other, "invalid_type") for other in ("1", '"reject"', "[]", "true")),
        ("millstream.when_busy", '{"when_busy": "wait"}', "invalid_value"),
        ("millstream.when_busy", '{"when_busy": 1}', "invalid_type"),
        ("millstream.when_busy", '{"when_busy": []}', "invalid_type"),
        ("millstream.replaces", '{"replaces": 1}', "invalid_type"),
        ("millstream.replaces", '{"replaces": "x"}', "invalid_value"),
        ("millstream.x", '{"x": 1}', "unknown_parameter"),
        ("unheard_of", "1", "unknown_parameter"),
    ],
    "CreateCompletion": [
        *_whole(1, 100_000, "max_tokens"),
        *_whole(1, 100_000, "max_completion_tokens"),
        *_decimal("temperature"),
        *_boolean("stream"),
        *_boolean("store"),
        *_text("model", 200),
        *_messages("messages", 1000),
        *_metadata(),
        *(("stream_options", other, "invalid_type") for other in ("1", '"x"', "[]", "true")),
        ("stream_options.include_usage", '{"include_usage": 1}', "invalid_type"),
        ("stream_options.include_obfuscation", '{"include_obfuscation": 1}', "invalid_type"),
        ("stream_options.x", '{"x": 1}', "unknown_parameter"),
        ("unheard_of", "null", "unknown_parameter"),
    ],
    "CreateConversation": [*_text("title", 200), *_metadata(), *_messages("items", 20)[1:]],
    "UpdateConversation": [
        *_text("title", 200),
        *_metadata(),
        ("unheard_of", "1", "unknown_parameter"),
    ],
    "AddItems": [*_messages("items", 20), ("x", "1", "unknown_parameter")],
    "GiveFeedback": [
        *_text("comment", 2000),
        ("rating", '"sideways"', "invalid_value"),
        ("rating", "1", "invalid_type"),
        ("rating", "[]", "invalid_type"),
        ("x", "1", "unknown_parameter"),
    ],
}

QUERIES: Final = [
    ("/v1/conversations?limit=x", "limit", "invalid_type"),
    ("/v1/conversations?limit=", "limit", "invalid_type"),
    ("/v1/conversations?limit=1.5", "limit", "invalid_type"),
    ("/v1/conversations?limit=٣", "limit", "invalid_type"),
    ("/v1/conversations?limit=0", "limit", "integer_below_min_value"),
    ("/v1/conversations?limit=-1", "limit", "integer_below_min_value"),
    ("/v1/conversations?limit=101", "limit", "integer_above_max_value"),
    (f"/v1/conversations?limit={'9' * 3000}", "limit", "integer_above_max_value"),
    ("/v1/conversations?order=up", "order", "invalid_value"),
    ("/v1/conversations?include=x", "include", "invalid_value"),
    (f"/v1/conversations?q={'x' * 201}", "q", "string_above_max_length"),
    ("/v1/conversations?q=%00", "q", "invalid_value"),
    ("/v1/conversations?after=x", "after", "invalid_value"),
    ("/v1/conversations?limit=1&limit=2", "limit", "invalid_value"),
    ("/v1/conversations?q=a&q=b", "q", "invalid_value"),
    ("/v1/conversations?page=2", "page", "unknown_parameter"),
    (f"/v1/conversations?{'x' * 3000}", f"{'x' * 100}…", "unknown_parameter"),
    ("/v1/models?limit=1", "limit", "unknown_parameter"),
    ("/v1/responses/{response}/input_items?q=a", "q", "unknown_parameter"),
    ("/v1/responses/{response}?straem=true", "straem", "unknown_parameter"),
    ("/v1/responses/{response}?stream=false&stream=true", "stream", "invalid_value"),
    ("/v1/responses/{response}?stream=yes", "stream", "invalid_type"),
    ("/v1/responses/{response}?include_obfuscation=true", "include_obfuscation", "invalid_value"),
    ("/v1/responses/{response}?starting_after=x", "starting_after", "invalid_type"),
    ("/v1/responses/{response}?starting_after=-2", "starting_after", "integer_below_min_value"),
    (
        f"/v1/responses/{{response}}?starting_after={'9' * 3000}",
        "starting_after",
        "integer_above_max_value",
    ),
    (
        "/v1/responses/{response}?stream=true&starting_after=99",
        "starting_after",
        "integer_above_max_value",
    ),
]
