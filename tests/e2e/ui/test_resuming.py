"""Nothing lost and nothing doubled, whatever the reader or the network does."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from bench.scripted_model.fault import Fault
from bench.scripted_model.script import Script
from tests.e2e.ui.chat_page import ChatPage
from tests.harness.ports import free_port
from tests.harness.services import Service, start_api, start_ui
from tests.harness.stack import Stack


def test_a_reload_in_mid_answer_shows_every_token_once(chat: ChatPage, stack: Stack) -> None:
    script = Script(tokens=150, seed=21, gate=("reload", 60))
    chat.ask(f"What is a token log? {script.directive()}")
    stack.model.wait(script.id, "held")
    address = chat.conversation_id
    expect(chat.cursor).to_be_visible()

    chat.page.reload()
    expect(chat.cursor).to_be_visible()
    before = chat.shown()[-1]["text"]
    stack.model.open_gate("reload")
    chat.wait_until("completed")

    assert chat.conversation_id == address
    assert before
    assert script.text.startswith(before)
    assert chat.shown()[-1]["text"] == script.text


_TELL_EARLY = """async () => {
    const { navigate } = await import("/assets/main.js");
    window.dash_clientside.millstream.navigate = () => null;
    void navigate(undefined);
    void navigate(location.pathname);
}"""


def test_a_page_whose_address_comes_before_it_is_drawn_shows_what_it_names(chat: ChatPage) -> None:
    chat.ask(f"What is a lease? {Script(tokens=3, seed=29).directive()}").wait_until("completed")
    drawing: list[Route] = []

    def hold(route: Route) -> None:
        drawing.append(route)

    chat.page.route("**/_dash-layout", hold)
    with chat.page.expect_request("**/_dash-layout"):
        chat.page.reload(wait_until="commit")

    chat.page.evaluate(_TELL_EARLY)
    drawing[0].continue_()

    chat.wait_until("completed")


def test_a_second_tab_shows_the_same_answer(
    chat: ChatPage, context: BrowserContext, stack: Stack
) -> None:
    script = Script(tokens=100, seed=22, gate=("tabs", 30))
    chat.ask(f"What is a relay? {script.directive()}")
    stack.model.wait(script.id, "held")
    other = ChatPage(context.new_page(), chat.url).open(f"/c/{chat.conversation_id}")
    expect(other.cursor).to_be_visible()

    stack.model.open_gate("tabs")
    chat.wait_until("completed")
    other.wait_until("completed")

    assert [tab.shown()[-1]["text"] for tab in (chat, other)] == [script.text] * 2


def test_leaving_a_running_answer_and_coming_back_joins_it(chat: ChatPage, stack: Stack) -> None:
    script = Script(tokens=80, seed=23, gate=("back", 20))
    chat.ask(f"What is a lease? {script.directive()}")
    stack.model.wait(script.id, "held")
    address = chat.conversation_id

    chat.page.get_by_role("link", name="New chat").first.click()
    expect(chat.button).to_have_attribute("data-state", "idle")
    chat.page.locator(f'.history a[href="/c/{address}"]').click()
    expect(chat.cursor).to_be_visible()
    stack.model.open_gate("back")
    chat.wait_until("completed")

    assert chat.shown()[-1]["text"] == script.text


def test_a_stopped_answer_keeps_its_text_and_says_so(chat: ChatPage, stack: Stack) -> None:
    script = Script(tokens=60, seed=24, gate=("stop", 20))
    chat.ask(f"What is stopping? {script.directive()}")
    stack.model.wait(script.id, "held")
    expect(chat.cursor).to_be_visible()

    chat.page.get_by_role("button", name="Stop", exact=True).click()
    chat.wait_until("cancelled")

    expect(chat.turn.locator(".cancelled")).to_have_text("Stopped by you")
    text = chat.shown()[-1]["text"]
    assert script.text.startswith(text)
    chat.page.reload()
    chat.wait_until("cancelled")
    assert chat.shown()[-1]["text"] == text


def test_a_failed_answer_keeps_its_text_and_shows_its_reason(chat: ChatPage) -> None:
    script = Script(tokens=30, seed=25, fault=Fault("error_event", 10))
    chat.ask(f"What is a token log? {script.directive()}").wait_until("failed")

    expect(chat.turn.locator(".notice-title")).to_have_text("This answer failed")
    expect(chat.turn.locator(".notice-reason")).to_have_text("The model's answer was cut off.")
    text = chat.shown()[-1]["text"]
    assert text
    assert script.text.startswith(text)


def test_a_failed_answer_can_be_tried_again(chat: ChatPage) -> None:
    script = Script(tokens=30, seed=28, fault=Fault("status", 400), fault_times=1)
    chat.ask(f"What is a token log? {script.directive()}").wait_until("failed")

    chat.turn.get_by_role("button", name="Try again").click()

    chat.wait_until("completed")
    expect(chat.page.locator(".turn")).to_have_count(1)
    assert chat.shown()[-1]["text"] == script.text
    chat.page.reload()
    chat.wait_until("completed")
    expect(chat.page.locator(".turn")).to_have_count(1)


@pytest.fixture
def own_api(stack: Stack) -> Iterator[tuple[Service, dict[str, str]]]:
    """An API process beside the shared one, which a test may end, and its settings."""
    ui_port = free_port()
    settings = {
        **stack.backends.settings(),
        "MILLSTREAM_CORS_ORIGINS": f"http://127.0.0.1:{ui_port}",
        "UI_PORT": str(ui_port),
    }
    service = start_api(settings)
    yield service, settings
    service.process.stop(30)


def test_a_killed_api_is_noticed_and_nothing_is_lost_or_doubled(
    context: BrowserContext, stack: Stack, own_api: tuple[Service, dict[str, str]]
) -> None:
    api, settings = own_api
    ui = start_ui(api.url, {}, int(settings["UI_PORT"]))
    chat = ChatPage(context.new_page(), ui.url).open()
    script = Script(tokens=120, seed=26, gate=("api", 50))
    chat.ask(f"What is a token log? {script.directive()}")
    stack.model.wait(script.id, "held")
    expect(chat.cursor).to_be_visible()

    api.process.kill()
    expect(chat.page.locator(".notice")).to_contain_text("Connection lost")
    before = chat.shown()[-1]["text"]
    stack.model.open_gate("api")
    revived = start_api(settings, int(api.url.rsplit(":", 1)[1]))
    chat.wait_until("completed")

    expect(chat.page.locator(".notice")).to_be_hidden()
    assert script.text.startswith(before)
    assert chat.shown()[-1]["text"] == script.text
    ui.process.stop()
    revived.process.stop(30)


def _refuse_questions(chat: ChatPage, times: int, seconds: int) -> None:
    """Answer the next questions as a gateway with a rate limit would."""
    headers = {
        "Retry-After": str(seconds),
        "Access-Control-Allow-Origin": chat.url,
        "Access-Control-Expose-Headers": "Retry-After",
    }
    body = '{"error": {"message": "slow down", "code": "rate_limit_exceeded"}}'
    left = iter(range(times))

    def answer(route: Route) -> None:
        if route.request.method == "POST" and next(left, None) is not None:
            route.fulfill(status=429, headers=headers, body=body, content_type="application/json")
        else:
            route.continue_()

    chat.page.route("**/v1/responses", answer)


def test_a_busy_server_is_waited_for_with_a_countdown(chat: ChatPage) -> None:
    _refuse_questions(chat, times=1, seconds=3)
    script = Script(tokens=10, seed=27)
    notice = ".notice:not([hidden])"
    chat.remember(notice)
    chat.ask(f"What is a lease? {script.directive()}")

    chat.wait_until_said(notice, "Sending again in")
    chat.wait_until("completed")
    assert chat.shown()[-1]["text"] == script.text
    expect(chat.page.locator(".turn")).to_have_count(1)


def test_a_question_that_waits_for_a_busy_server_can_be_taken_back(chat: ChatPage) -> None:
    _refuse_questions(chat, times=100, seconds=600)
    chat.ask("What is a lease?")
    expect(chat.page.locator(".notice")).to_contain_text("Sending again in")

    chat.page.get_by_role("button", name="Stop", exact=True).click()

    chat.wait_until("cancelled")
    expect(chat.page.locator(".notice")).to_be_hidden()
    expect(chat.turn.locator(".cancelled")).to_have_text("Stopped by you")


def test_a_question_that_is_refused_says_why_and_can_be_changed(chat: ChatPage) -> None:
    chat.ask("long " * 2000)

    expect(chat.turn.locator(".notice-title")).to_have_text("Your question was not accepted")
    expect(chat.turn.locator(".notice-reason")).to_contain_text("8000")
    expect(chat.page.locator(".visually-hidden[aria-live]")).to_contain_text("8000")
    expect(chat.button).to_have_attribute("data-state", "idle")
    # The same question would be refused again.
    expect(chat.act("Try again")).to_have_count(0)
    chat.page.wait_for_function(
        "() => document.documentElement.scrollHeight - scrollY - innerHeight < 2"
    )
    chat.turn.locator(".notice-box").get_by_role("button", name="Edit the question").click()
    script = Script(tokens=3, seed=28)
    chat.turn.get_by_role("textbox").fill(f"What is a lease? {script.directive()}")
    chat.act("Ask again").click()
    chat.wait_until("completed")

    assert [turn["text"] for turn in chat.shown()] == [script.text]
