"""Where the keyboard is: what was pressed may go, and takes nobody's place with it."""

from playwright.sync_api import expect

from bench.scripted_model.fault import Fault
from bench.scripted_model.script import Script
from tests.e2e.ui.chat_page import ChatPage
from tests.e2e.ui.conftest import SUGGESTION
from tests.harness.stack import Stack


def test_who_picks_a_suggestion_can_type_the_next_question(chat: ChatPage) -> None:
    suggestion = chat.page.get_by_role("button", name=SUGGESTION, exact=True)
    suggestion.focus()
    chat.page.keyboard.press("Enter")

    expect(chat.turn.locator(".question")).to_have_text(SUGGESTION)
    expect(chat.box).to_be_focused()
    chat.wait_until("completed")


def test_who_sends_by_mouse_can_type_the_next_question(chat: ChatPage) -> None:
    chat.box.fill(f"What is a lease? {Script(tokens=3).directive()}")
    chat.button.click()

    expect(chat.box).to_be_focused()
    chat.wait_until("completed")


def test_who_stops_an_answer_by_keyboard_can_type_the_next_question(
    chat: ChatPage, stack: Stack
) -> None:
    script = Script(tokens=30, seed=91, gate=("focus", 10))
    chat.ask(f"What is a lease? {script.directive()}")
    stack.model.wait(script.id, "held")

    chat.button.focus()
    chat.page.keyboard.press("Enter")
    chat.wait_until("cancelled")

    expect(chat.box).to_be_focused()
    stack.model.open_gate("focus")


def test_who_tries_again_by_keyboard_can_type_the_next_question(chat: ChatPage) -> None:
    script = Script(tokens=3, seed=92, fault=Fault("status", 400), fault_times=1)
    chat.ask(f"What is a lease? {script.directive()}").wait_until("failed")

    chat.act("Try again").focus()
    chat.page.keyboard.press("Enter")
    chat.wait_until("completed")

    expect(chat.box).to_be_focused()
