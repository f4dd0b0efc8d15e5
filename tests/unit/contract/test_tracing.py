"""When traces are on, what joins which, and what a log line carries."""

import json
import logging

import pytest

from millstream_contract.log_lines import JsonLines, lines_about
from millstream_contract.tracing import (
    NoTracing,
    is_traceparent,
    open_tracing,
    trace_id_of,
    traces_are_on,
)
from tests.harness.imports import loaded_by

_ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
_PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("environment", "on"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        (_ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "console"}, True),
        ({**_ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, False),
        ({**_ENDPOINT, "OTEL_SDK_DISABLED": "true"}, False),
        ({**_ENDPOINT, "OTEL_SDK_DISABLED": "false"}, True),
    ],
)
def test_traces_are_on_when_the_standard_variables_say_so(
    environment: dict[str, str], on: bool
) -> None:
    assert traces_are_on(environment) is on


@pytest.mark.parametrize(
    ("name", "value"),
    [("OTEL_TRACES_EXPORTER", "jaeger"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
)
def test_a_variable_that_cannot_be_obeyed_is_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        traces_are_on({**_ENDPOINT, name: value})


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"{_PARENT}\n",
        _PARENT.upper(),
        "x" * 10_000,
    ],
)
def test_what_is_no_traceparent_is_not_joined(text: str | None) -> None:
    assert not is_traceparent(text)
    assert trace_id_of(text) is None


def test_off_a_trace_is_nothing_and_nothing_that_traces_is_imported() -> None:
    assert isinstance(open_tracing("api"), NoTracing)
    opening = (
        "import millstream_api.server\n"
        "from millstream_contract.tracing import open_tracing\n"
        "open_tracing('api')\n"
    )

    # redis-py imports the metrics of OpenTelemetry wherever it is installed.
    loaded = loaded_by(opening, ["opentelemetry.sdk.trace", "opentelemetry.exporter", "requests"])

    assert loaded == []


def _line(
    message: str, *arguments: object, error: BaseException | None = None
) -> dict[str, object]:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("a.b", logging.INFO, "", 0, message, arguments, info)
    line: dict[str, object] = json.loads(JsonLines().format(record))
    return line


def test_a_json_line_says_what_it_is_about() -> None:
    id_ = f"resp_{'a' * 32}"

    with lines_about(response_id=id_, attempt=2, trace_id="t"):
        line = _line("the end: %s", "é\n")

    assert line["message"] == "the end: é\n"
    assert (line["response_id"], line["attempt"], line["trace_id"]) == (id_, 2, "t")
    assert _line("%s attempt %d: begun", id_, 3)["attempt"] == 3
    assert _line("%s: gone", id_)["response_id"] == id_
    assert "response_id" not in _line("nothing in particular")


def test_a_json_line_has_the_place_of_an_exception_and_not_its_words() -> None:
    try:
        raise ValueError("what the question was")
    except ValueError as error:
        line = _line("failed", error=error)

    assert "question" not in json.dumps(line)
    assert line["exception"]["type"] == "builtins.ValueError"  # type: ignore[index]
    assert "test_tracing.py" in line["exception"]["at"][-1]  # type: ignore[index]
