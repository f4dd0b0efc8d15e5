"""Asking and reading, over the whole path."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from bench.scripted_model.script import Script
from tests.e2e.ui.chat_page import ChatPage
from tests.harness.api_client import ApiClient
from tests.harness.corpus import UNANSWERABLE
from tests.harness.stack import Stack


@pytest.fixture
def client(stack: Stack) -> Iterator[ApiClient]:
    with stack.client() as client:
        yield client


def _stored(client: ApiClient, chat: ChatPage) -> tuple[str, int]:
    response = client.retrieve(chat.shown()[-1]["responseId"])
    outputs: dict[str, dict[str, Any]] = {item["type"]: item for item in response["output"]}
    results = outputs.get("file_search_call", {}).get("results") or []
    return outputs["message"]["content"][0]["text"], len(results)


def test_an_answer_streams_with_a_cursor_and_ends_as_it_is_stored(
    chat: ChatPage, stack: Stack, client: ApiClient
) -> None:
    script = Script(tokens=120, seed=11, gate=("streams", 40))
    chat.ask(f"What is a token log? {script.directive()}")

    expect(chat.cursor).to_be_visible()
    expect(chat.turn.locator(".phase")).to_have_text("Writing")
    stack.model.open_gate("streams")
    chat.wait_until("completed")

    expect(chat.cursor).to_have_count(0)
    text, passages = _stored(client, chat)
    assert text == script.text
    assert chat.shown()[-1]["text"] == text
    assert chat.visible_text() == chat.rendered(text, passages)


def test_a_citation_opens_its_passage(chat: ChatPage) -> None:
    script = Script(literal=("A log is ", "a stream ", "[1]", "."))
    chat.ask(f"What is a token log? {script.directive()}").wait_until("completed")

    chat.prose.locator("[data-cite='1']").click()

    drawer = chat.page.get_by_role("dialog")
    expect(drawer).to_be_visible()
    expect(drawer.locator(".passage-text")).not_to_be_empty()
    chat.page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(chat.turn.locator(".sources-title")).to_have_text("Sources")
    expect(chat.turn.locator(".timings summary")).to_contain_text("first words after")


def test_shift_enter_breaks_the_line_and_the_box_grows(chat: ChatPage) -> None:
    before = chat.box.bounding_box()
    chat.box.press_sequentially("one")
    chat.box.press("Shift+Enter")
    chat.box.press_sequentially("two")

    expect(chat.box).to_have_value("one\ntwo")
    after = chat.box.bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] > before["height"]
    expect(chat.page.locator(".turn")).to_have_count(0)


def test_a_question_that_is_sent_twice_in_one_moment_is_asked_once(
    chat: ChatPage, client: ApiClient
) -> None:
    chat.box.fill(f"What is a lease? {Script(tokens=5).directive()}")
    chat.page.evaluate(
        """() => {
            const box = document.getElementById("question");
            const enter = () => new KeyboardEvent("keydown", { key: "Enter", bubbles: true });
            box.dispatchEvent(enter());
            box.dispatchEvent(enter());
        }"""
    )
    chat.wait_until("completed")

    expect(chat.page.locator(".turn")).to_have_count(1)
    items = client.items(chat.conversation_id, order="asc")["data"]
    assert [item["role"] for item in items if item["type"] == "message"] == ["user", "assistant"]


def test_a_double_click_on_send_asks_once_and_does_not_stop(
    chat: ChatPage, client: ApiClient
) -> None:
    chat.box.fill(f"What is a lease? {Script(tokens=5).directive()}")
    chat.button.dblclick()
    chat.wait_until("completed")

    items = client.items(chat.conversation_id, order="asc")["data"]
    assert [item["role"] for item in items if item["type"] == "message"] == ["user", "assistant"]


def test_a_question_that_nothing_answers_looks_different(chat: ChatPage) -> None:
    chat.ask(UNANSWERABLE).wait_until("completed")

    expect(chat.turn).to_have_class("turn ungrounded")
    expect(chat.turn).to_contain_text("Nothing in your documents answers this")


def test_a_conversation_can_be_left_and_found_again(chat: ChatPage) -> None:
    script = Script(tokens=10, seed=5)
    chat.ask(f"What is a relay? {script.directive()}").wait_until("completed")
    first = chat.conversation_id

    chat.page.get_by_role("link", name="New chat").first.click()
    expect(chat.page.locator(".turn")).to_have_count(0)
    expect(chat.page).to_have_title("Millstream")
    chat.page.locator(f'.history a[href="/c/{first}"]').click()
    chat.wait_until("completed")

    assert chat.shown()[0]["text"] == script.text
    chat.page.go_back()
    expect(chat.page.locator(".welcome")).to_be_visible()
    chat.page.go_forward()
    chat.wait_until("completed")
    assert chat.conversation_id == first


def test_a_conversation_that_does_not_exist_says_so(chat: ChatPage) -> None:
    chat.open(f"/c/conv_{0:032x}")

    expect(chat.page.locator(".notice-title")).to_have_text("This conversation does not exist")
    live = chat.page.locator(".visually-hidden[aria-live]")
    expect(live).to_contain_text("This conversation does not exist")


def test_the_page_fits_a_narrow_screen_and_keeps_its_colours(chat: ChatPage) -> None:
    literal = ("```\n" + "wide " * 80 + "\n```\n\n|a|b|\n|-|-|\n|" + "w" * 300 + "|x|\n",)
    chat.ask(f"What is a token log? {Script(literal=literal).directive()}").wait_until("completed")
    chat.page.set_viewport_size({"width": 360, "height": 720})

    # The sidebar slides away; what counts is the page after that.
    chat.page.wait_for_function("() => document.documentElement.scrollWidth <= 360")
    chat.page.get_by_role("button", name="Show or hide conversations").click()
    chat.page.get_by_role("button", name="Switch between light and dark").click()
    chat.page.reload()
    chat.box.wait_for()

    scheme = chat.page.locator("html").get_attribute("data-mantine-color-scheme")
    assert scheme == "dark"
