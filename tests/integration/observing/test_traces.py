"""One trace an answer, in real processes: over the queue, and over the death of a worker."""

import json
import re
import uuid
from collections.abc import Iterator

import pytest

from bench.scripted_model.script import Script
from tests.harness.collector import CollectedSpan, Collector
from tests.harness.corpus import PASSAGES
from tests.harness.deadlines import eventually
from tests.harness.servers import Servers
from tests.harness.stack import Stack, running_stack

_CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector().listening() as listening:
        yield listening


@pytest.fixture(scope="module")
def observed(
    servers: Servers,
    corpus_template: str,
    collector: Collector,
) -> Iterator[Stack]:
    """A stack with traces and JSON lines; the last test of this module kills a worker."""
    settings = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "50",
        "MILLSTREAM_LOG_FORMAT": "json",
        "MILLSTREAM_LOG_LEVEL": "DEBUG",
    }
    with (
        servers.backends(corpus_template, settings) as backends,
        running_stack(backends) as stack,
    ):
        yield stack


def _spans(collector: Collector, response_id: str, *names: str) -> list[CollectedSpan]:
    """The spans of a response's trace, once these have come."""

    def have_come() -> bool:
        return set(names) <= {span.name for span in collector.of_response(response_id)}

    eventually(f"spans {names}", have_come)
    return collector.of_response(response_id)


def _parents(spans: list[CollectedSpan]) -> set[tuple[str, str]]:
    """Each span's name with its parent's; "" for what no span of these is."""
    names = {span.id: span.name for span in spans}
    return {(span.name, names.get(span.parent_id, "")) for span in spans}


def test_an_answer_is_one_trace_from_its_request_to_its_viewer(
    observed: Stack, collector: Collector
) -> None:
    # Given a caller that traces
    with observed.client(headers={"traceparent": _CALLER}) as client:
        # When it asks
        with client.stream("What is a log?") as stream:
            response_id = stream.to_end().response_id

    # Then all that was done for it is one trace, below the caller's span
    spans = _spans(collector, response_id, "accept", "answer", "relay")
    _, trace_id, caller, _ = _CALLER.split("-")
    assert {span.trace_id for span in spans} == {trace_id}
    assert _parents(spans) == {
        ("accept", ""),
        ("queue", "accept"),
        ("answer", "accept"),
        ("retrieve", "answer"),
        ("grade", "answer"),
        ("generate", "answer"),
        ("model", "generate"),
        ("store", "answer"),
        ("relay", "accept"),
    }
    by_name = {span.name: span for span in spans}
    assert by_name["accept"].parent_id == caller
    assert {by_name[name].service for name in ("accept", "relay")} == {"millstream-api"}
    assert by_name["answer"].service == "millstream-worker"
    assert by_name["answer"].attributes["millstream.status"] == "completed"
    assert by_name["answer"].attributes["gen_ai.usage.output_tokens"] > 0
    assert by_name["model"].events == ("first token",)
    assert by_name["queue"].begun <= by_name["answer"].begun


def test_no_span_and_no_log_line_carries_what_was_asked_or_found_or_said(
    observed: Stack, collector: Collector
) -> None:
    # Given a question whose word is found nowhere else
    secret = f"w{uuid.uuid4().hex}"
    script = Script(literal=(f"{secret}answer ", "and no more"))
    with observed.client() as client:
        # When it is asked, and answered from passages
        with client.stream(f"What is a log? {secret} {script.directive()}") as stream:
            seen = stream.to_end()
    spans = _spans(collector, seen.response_id, "accept", "answer")
    observed.workers[0].wait_for_line(f"{seen.response_id} attempt 1: completed")

    # Then neither span nor line has the word, the answer, or a passage
    lines = "\n".join([*observed.apis[0].process.lines, *observed.workers[0].lines])
    told = json.dumps([[span.name, span.attributes, span.failed] for span in spans])
    assert seen.text.startswith(f"{secret}answer")
    for text in (secret, *(passage[:40] for passage in PASSAGES.values())):
        assert text not in lines
        assert text not in told

    # And the lines of the answer name it, its attempt and its trace
    about = [json.loads(line) for line in observed.workers[0].lines if seen.response_id in line]
    (begun,) = (line for line in about if line["message"].endswith("begun"))
    (ended,) = (line for line in about if "completed" in line["message"])
    assert begun["response_id"] == ended["response_id"] == seen.response_id
    assert ended["attempt"] == 1
    assert ended["trace_id"] == spans[0].trace_id
    assert ended["level"] == "INFO"
    assert re.match(r"\d{4}-\d\d-\d\dT", ended["time"])


def test_an_answer_that_a_lost_worker_began_stays_one_trace(
    observed: Stack, collector: Collector
) -> None:
    # Given an answer in the making, and a second worker
    observed.add_worker()
    gate = uuid.uuid4().hex
    script = Script(tokens=60, gate=(gate, 30))
    with observed.client() as client:
        with client.stream(f"What is a log? {script.directive()}") as stream:
            observed.model.wait(script.id, "held")
            stream.until_text(1)
            response_id = stream.transcript.response_id

            # When its worker is killed, and another goes on
            observed.holder(response_id).kill()
            observed.model.wait(script.id, "started", count=2)
            observed.model.open_gate(gate)
            stream.to_end()

    # Then the other's spans stand in the trace that the request began
    spans = _spans(collector, response_id, "accept", "answer", "model", "store", "relay")
    assert len({span.trace_id for span in spans}) == 1
    (answer,) = (span for span in spans if span.name == "answer")
    assert answer.attributes["millstream.attempt"] == 2
    assert ("answer", "accept") in _parents(spans)
    assert ("model", "generate") in _parents(spans)
