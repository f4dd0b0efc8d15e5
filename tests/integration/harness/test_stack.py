"""The harness around the real services."""

import os
import signal

import httpx
import pytest

from bench.scripted_model.script import Script, joined
from tests.harness.api_client import ApiError
from tests.harness.corpus import UNANSWERABLE
from tests.harness.deadlines import eventually, scaled
from tests.harness.processes import ProcessFailed
from tests.harness.services import launch_api, wait_until_ready
from tests.harness.stack import Backends, Stack, running_stack
from tests.harness.transcript import Transcript, output_text


def test_an_answer_is_the_text_of_its_script(stack: Stack) -> None:
    script = Script(tokens=300, seed=7)

    with (
        stack.client() as client,
        client.stream(f"What is a lease? {script.directive()}") as stream,
    ):
        seen = stream.to_end()
        stored = client.retrieve(seen.response_id)

    assert seen.text == output_text(stored) == script.text
    assert stored["status"] == "completed"


def test_an_answer_is_stood_in_until_its_gate_opens(stack: Stack) -> None:
    script = Script(tokens=60, seed=3, gate=("in the middle", 30))
    first = joined(script.token_list[:30])

    with stack.client() as client, client.stream(script.directive()) as stream:
        stack.model.wait(script.id, "held")
        stream.until_text(len(first))
        shown = stream.transcript.text
        stack.model.open_gate("in the middle")
        seen = stream.to_end()

    assert shown == first
    assert seen.text == script.text


def test_a_question_that_no_passage_answers_does_not_reach_the_model(stack: Stack) -> None:
    with stack.client() as client:
        client.ask(UNANSWERABLE)

    assert stack.model.streams(UNANSWERABLE) == []


def test_a_question_is_accepted_viewed_over_two_connections_and_stopped(
    backends: Backends,
) -> None:
    seen = Transcript()
    with running_stack(backends, workers=0) as stack, stack.client() as client:
        response_id = client.start("What is a log?")["id"]
        with client.follow(response_id, transcript=seen) as stream:
            stream.until_type("response.queued")

        client.cancel(response_id)
        with client.follow(response_id, transcript=seen) as stream:
            stream.to_end()

    assert seen.types[:2] == ["response.created", "response.queued"]
    assert seen.final["status"] == "cancelled"


def test_an_error_of_the_api_is_raised_with_its_body(backends: Backends) -> None:
    with (
        running_stack(backends, workers=0) as stack,
        stack.client() as client,
        pytest.raises(ApiError) as raised,
    ):
        client.ask("")

    assert raised.value.status == 400
    assert raised.value.error["param"] == "input"


def test_a_stack_leaves_no_process_behind(backends: Backends) -> None:
    with running_stack(backends, workers=0) as stack:
        first, second = stack.apis[0], stack.add_api()

    assert (first.process.exit_code, second.process.exit_code) == (0, 0)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{first.url}/healthz", trust_env=False)


def test_the_page_is_served_where_the_api_expects_it(backends: Backends) -> None:
    with running_stack(backends, workers=0) as stack, stack.ui() as ui:
        asked = httpx.options(
            f"{stack.api_url}/v1/responses",
            headers={"Origin": ui.url, "Access-Control-Request-Method": "POST"},
            trust_env=False,
            timeout=scaled(30),
        )

    assert asked.headers["access-control-allow-origin"] == ui.url


def test_a_killed_api_is_replaced_on_its_port(backends: Backends) -> None:
    with running_stack(backends, workers=0) as stack:
        port = int(stack.api_url.rpartition(":")[2])
        stack.apis[0].process.kill()

        again = stack.add_api(port)

        assert again.url == stack.api_url


def test_a_service_that_crashed_unasked_fails_the_end_of_the_stack(backends: Backends) -> None:
    def run() -> None:
        with running_stack(backends, workers=0) as stack:
            process = stack.apis[0].process
            os.kill(process.pid, signal.SIGKILL)
            eventually("the crash", lambda: process.exit_code is not None)

    with pytest.raises(ProcessFailed, match="api had ended before"):
        run()


def test_a_service_that_cannot_start_fails_with_its_output(backends: Backends) -> None:
    service = launch_api({**backends.settings(), "MILLSTREAM_API_PORT": "nonsense"})

    with pytest.raises(ProcessFailed, match=r"(?i)api_port"):
        wait_until_ready(service, "/readyz")
