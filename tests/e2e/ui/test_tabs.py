"""More tabs than a browser gives connections to one server (six, over HTTP/1.1)."""

from playwright.sync_api import BrowserContext, Request, expect

from bench.scripted_model.script import Script
from tests.e2e.ui.chat_page import ChatPage
from tests.harness.stack import Stack

_TABS = 7


def test_seven_tabs_of_one_answer_share_one_connection(
    chat: ChatPage, context: BrowserContext, stack: Stack
) -> None:
    script = Script(tokens=60, seed=51, gate=("seven", 20))
    streams: list[str] = []

    def count(request: Request) -> None:
        if "stream=true" in request.url:
            streams.append(request.url)

    context.on("request", count)
    chat.ask(f"What is a relay? {script.directive()}")
    stack.model.wait(script.id, "held")
    expect(chat.cursor).to_be_visible()
    others = [ChatPage(context.new_page(), chat.url) for _ in range(_TABS - 1)]
    for tab in others:
        tab.open(f"/c/{chat.conversation_id}")
        expect(tab.cursor).to_be_visible()
    chat.page.close()  # the tab with the connection
    stack.model.open_gate("seven")
    for tab in others:
        tab.wait_until("completed")

    assert [tab.shown()[-1]["text"] for tab in others] == [script.text] * (_TABS - 1)
    assert len(streams) == 2


def test_seven_tabs_with_an_answer_each_are_all_live(
    context: BrowserContext, chat: ChatPage, stack: Stack
) -> None:
    scripts = [Script(tokens=30, seed=60 + n, gate=("each", 10)) for n in range(_TABS)]
    tabs = [chat, *(ChatPage(context.new_page(), chat.url).open() for _ in range(_TABS - 1))]
    for tab, script in zip(tabs, scripts, strict=True):
        tab.ask(f"What is a relay? {script.directive()}")
        expect(tab.cursor).to_be_visible()

    # With all seven open, a stop still gets through.
    tabs[0].page.get_by_role("button", name="Stop", exact=True).click()
    tabs[0].wait_until("cancelled")
    stack.model.open_gate("each")
    for tab in tabs[1:]:
        tab.wait_until("completed")

    assert [tab.shown()[-1]["text"] for tab in tabs[1:]] == [one.text for one in scripts[1:]]
