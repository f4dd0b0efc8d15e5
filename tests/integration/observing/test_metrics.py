"""What live processes export, after real answers."""

import time
import uuid

import httpx
import pytest

from bench.scripted_model.script import Script
from tests.harness.deadlines import eventually, scaled
from tests.harness.scrape import Scrape
from tests.harness.stack import Stack

_STAGES = ("queue_wait", "retrieve", "grade", "model_first_token", "first_token", "answer")


class Observer:
    """Looks at both processes of a stack at rest, and again later."""

    def __init__(self, stack: Stack) -> None:
        # What an earlier test has asked would be counted as this one's.
        stack.wait_for_rest()
        self._urls = {"api": stack.api_url, "worker": stack.worker_urls[0]}
        self._before = self._scrapes()

    def rise(self, process: str, name: str, **labels: str) -> float:
        """By how much a figure has risen since this was made."""
        return self._before[process].rises(Scrape.of(self._urls[process]), name, **labels)

    def wait_for_rise(self, process: str, name: str, **labels: str) -> None:
        """Wait until a figure has risen by 1, as it does once what it counts has ended."""
        what = f"{name} to rise by 1"
        eventually(what, lambda: self.rise(process, name, **labels) == 1)

    def _scrapes(self) -> dict[str, Scrape]:
        return {process: Scrape.of(url) for process, url in self._urls.items()}


def _held_answer(stack: Stack) -> tuple[str, str]:
    """A question whose answer stands after ten tokens, and the gate that lets it go on."""
    gate = uuid.uuid4().hex
    return f"What is a log? {Script(tokens=40, gate=(gate, 10)).directive()}", gate


def test_an_answer_moves_the_figures_of_its_stages_once(stack: Stack) -> None:
    # Given a stack that is observed
    observer = Observer(stack)

    # When a question is answered
    with stack.client() as client, client.stream("What is a log?") as stream:
        stream.to_end()

    # Then each stage was counted and timed
    done = {"task": "millstream.answer", "outcome": "done"}
    observer.wait_for_rise("worker", "millstream_jobs_total", **done)
    assert observer.rise("api", "millstream_responses_accepted_total") == 1
    assert observer.rise("worker", "millstream_attempts_begun_total") == 1
    finished = "millstream_responses_finished_total"
    assert observer.rise("worker", finished, status="completed") == 1
    for stage in _STAGES:
        assert observer.rise("worker", f"millstream_{stage}_seconds_count") == 1, stage
        assert observer.rise("worker", f"millstream_{stage}_seconds_sum") > 0, stage
    assert observer.rise("worker", "millstream_model_output_tokens_total") > 0
    assert observer.rise("worker", "millstream_tokens_per_second_count") == 1
    assert observer.rise("worker", "millstream_log_bytes_total") > 1000


def test_the_relay_is_timed_on_some_frames_whatever_the_clocks_say(stack: Stack) -> None:
    # Given a viewer who is there, and an answer that goes on for two seconds more
    observer = Observer(stack)
    gate, begun = uuid.uuid4().hex, time.monotonic()
    question = f"What is a log? {Script(tokens=25, gate=(gate, 5), rate=10).directive()}"
    with stack.client() as client, client.stream(question) as stream:
        stream.until_text(1)

        # When it comes to its end
        stack.model.open_gate(gate)
        stream.to_end()

    # Then what came a second after the last timing was timed, and no frame between two of them
    name = "millstream_relay_delay_seconds"
    count = observer.rise("api", f"{name}_count")
    assert 1 <= count <= 1 + time.monotonic() - begun
    assert 0 <= observer.rise("api", f"{name}_sum") < 5 * count


def test_what_runs_and_who_watches_is_told_as_it_stands(stack: Stack) -> None:
    # Given an answer in the making, and a viewer
    stack.wait_for_rest()
    question, gate = _held_answer(stack)
    with stack.client() as client, client.stream(question) as stream:
        stream.until_text(1)

        # When the processes are scraped
        api = Scrape.with_answers_of(stack.api_url, "postgresql", "redis")
        worker = Scrape.of(stack.worker_urls[0])
        stack.model.open_gate(gate)
        stream.to_end()

    # Then they say so
    assert api("millstream_responses_running") == 1
    assert api("millstream_responses_queued") == 0
    assert api("millstream_oldest_running_seconds") > 0
    assert api("millstream_oldest_queued_seconds") == 0
    assert api("millstream_viewers") == 1
    assert api("millstream_log_memory_bytes") > 1000
    assert api("millstream_redis_memory_bytes") > api("millstream_log_memory_bytes")
    assert worker("millstream_worker_busy") == 1
    assert worker("millstream_worker_slots") >= 1


def test_a_reload_counts_as_a_resume(stack: Stack) -> None:
    observer = Observer(stack)
    with stack.client() as client, client.stream("What is a log?") as stream:
        seen = stream.to_end()

        with client.follow(seen.response_id, starting_after=3) as again:
            again.until_type("response.completed")

    assert observer.rise("api", "millstream_stream_resumes_total") == 1


def test_a_stop_is_timed_and_the_answer_counts_as_cancelled(stack: Stack) -> None:
    observer = Observer(stack)
    question, _ = _held_answer(stack)
    with stack.client() as client, client.stream(question) as stream:
        stream.until_text(1)

        client.cancel(stream.transcript.response_id)

    assert observer.rise("api", "millstream_cancel_seconds_count", outcome="stopped") == 1
    observer.wait_for_rise("worker", "millstream_responses_finished_total", status="cancelled")


def test_a_request_is_counted_by_its_route_and_never_by_its_path(stack: Stack) -> None:
    with stack.client() as client, client.stream("What is a log?") as stream:
        response_id = stream.to_end().response_id
        client.retrieve(response_id)
    unknown = uuid.uuid4().hex
    with httpx.Client(base_url=stack.api_url, trust_env=False, timeout=scaled(30)) as http:
        http.request("BREW", f"/{unknown}")

        exported = http.get("/metrics").text

    assert 'route="/v1/responses/<response_id>"' in exported
    assert response_id not in exported
    assert unknown not in exported
    assert "BREW" not in exported


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_what_a_proxy_passes_on_gets_no_metrics(stack: Stack, header: str) -> None:
    with httpx.Client(base_url=stack.api_url, trust_env=False, timeout=scaled(30)) as http:
        answer = http.get("/metrics", headers={header: "192.0.2.1"})

    assert answer.status_code == 404
    assert "millstream_" not in answer.text.replace("error", "")


def test_a_worker_that_takes_jobs_is_alive_and_ready(stack: Stack) -> None:
    with httpx.Client(base_url=stack.worker_urls[0], trust_env=False, timeout=scaled(30)) as http:
        assert http.get("/healthz").status_code == 200
        answer = http.get("/readyz")

    assert answer.status_code == 200
    checks = answer.json()["checks"]
    assert {checks[name] for name in ("queue", "postgresql", "redis")} == {"ok"}
