"""The network goes, a worker dies, the session ends: no lost text, no spinner without an end."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Route, expect

from bench.scripted_model.script import Script
from tests.e2e.ui.chat_page import ChatPage
from tests.harness.services import Service
from tests.harness.stack import Backends, Stack, running_stack

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_offline_and_online_again_loses_and_doubles_nothing(chat: ChatPage, stack: Stack) -> None:
    script = Script(tokens=100, seed=81, rate=40, gate=("offline", 60))
    notice = chat.page.locator(".notice")
    chat.ask(f"What is a lease? {script.directive()}")
    expect(chat.cursor).to_be_visible()

    chat.page.context.set_offline(True)
    expect(notice).to_be_visible()
    expect(notice).to_contain_text("You are offline")
    chat.page.context.set_offline(False)
    expect(notice).to_be_hidden()
    chat.page.context.set_offline(True)
    expect(notice).to_be_visible()
    stack.model.open_gate("offline")
    stack.model.wait(script.id, "ended")
    chat.page.context.set_offline(False)
    expect(notice).to_be_hidden()
    chat.wait_until("completed")

    assert chat.shown()[-1]["text"] == script.text


def test_a_question_asked_while_offline_is_sent_when_the_network_is_back(
    chat: ChatPage,
) -> None:
    script = Script(tokens=5, seed=82)
    chat.page.context.set_offline(True)
    chat.ask(f"What is a lease? {script.directive()}")
    expect(chat.page.locator(".notice")).to_contain_text("You are offline")

    chat.page.context.set_offline(False)
    chat.wait_until("completed")

    assert [turn["text"] for turn in chat.shown()] == [script.text]


def test_a_question_is_in_view_and_what_becomes_of_it_though_no_server_is_there(
    chat: ChatPage,
) -> None:
    lines = tuple(f"Line {number}\n\n" for number in range(60))
    chat.ask(f"What is a lease? {Script(literal=lines).directive()}").wait_until("completed")
    chat.page.context.set_offline(True)
    chat.ask(f"What is a relay? {Script(tokens=3, seed=84).directive()}")
    notice = chat.page.locator(".notice")
    expect(notice).to_contain_text("You are offline")

    status = chat.turn.locator(".status-line").bounding_box()
    above = notice.bounding_box()
    assert status is not None
    assert above is not None
    assert status["y"] + status["height"] <= above["y"] + 1
    chat.page.context.set_offline(False)
    chat.wait_until("completed")


def test_a_page_that_is_long_on_its_way_says_so(page: "Page", site: Service) -> None:
    # What draws the page does not arrive.
    page.route("**/_dash-component-suites/**", lambda route: None)
    page.goto(site.url, wait_until="commit")

    expect(page.get_by_text("Loading")).to_be_visible()


def _sign_out(route: Route, origin: str) -> None:
    headers = {"Access-Control-Allow-Origin": origin}
    body = '{"error": {"message": "No session.", "code": "invalid_token"}}'
    route.fulfill(status=401, headers=headers, body=body, content_type="application/json")


def test_who_is_signed_out_is_told_and_keeps_the_question(chat: ChatPage) -> None:
    pattern = "**/v1/responses"
    chat.page.route(pattern, lambda route: _sign_out(route, chat.url))
    chat.ask("What is a lease?")

    expect(chat.turn.locator(".notice-title")).to_have_text("You are signed out")
    chat.page.unroute(pattern)
    # What is asked before the page is loaded anew goes with the old one.
    with chat.page.expect_event("load"):
        chat.act("Sign in again").click()

    expect(chat.box).to_have_value("What is a lease?")
    chat.box.press("Enter")
    chat.wait_until("completed")


def test_a_conversation_that_needs_a_sign_in_says_so(chat: ChatPage) -> None:
    chat.page.route("**/v1/conversations/**", lambda route: _sign_out(route, chat.url))
    chat.open(f"/c/conv_{1:032x}")

    expect(chat.page.locator(".notice-title")).to_have_text("You are signed out")
    expect(chat.page.get_by_role("button", name="Sign in again")).to_be_visible()


@pytest.fixture
def own_stack(backends: Backends) -> Iterator[Stack]:
    """Two workers, one for a test to kill; what a dead one has said is taken back."""
    # With the default lease, a machine that stands still would cost the second its attempt, too.
    settings = {"MILLSTREAM_CONTINUE_ANSWERS": "false", "MILLSTREAM_LEASE_SECONDS": "8"}
    own = Backends(backends.database_url, backends.redis_url, backends.model, settings)
    with running_stack(own, workers=2) as running:
        yield running


def test_a_killed_worker_shows_as_a_pause_and_one_answer(page: "Page", own_stack: Stack) -> None:
    script = Script(tokens=60, seed=83, gate=("killed", 30))
    with own_stack.ui() as site:
        chat = ChatPage(page, site.url).open()
        chat.ask(f"What is a lease? {script.directive()}")
        own_stack.model.wait(script.id, "held")
        expect(chat.cursor).to_be_visible()

        own_stack.holder(chat.shown()[-1]["responseId"]).kill()
        own_stack.model.wait(script.id, "started", count=2)
        own_stack.model.open_gate("killed")
        chat.wait_until("completed")

        assert chat.shown()[-1]["text"] == script.text
        expect(chat.cursor).to_have_count(0)
        chat.turn.locator(".timings summary").click()
        expect(chat.turn.locator(".timings dl")).to_contain_text("Attempts2")
