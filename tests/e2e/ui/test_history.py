"""The sidebar: names, deletion with a way back, search, and what other tabs do."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from bench.scripted_model.script import Script
from tests.e2e.ui.chat_page import ChatPage
from tests.harness.api_client import ApiClient, ApiError
from tests.harness.deadlines import eventually
from tests.harness.stack import Stack


@pytest.fixture
def client(stack: Stack) -> Iterator[ApiClient]:
    with stack.client() as client:
        yield client


@pytest.fixture
def asked(chat: ChatPage) -> ChatPage:
    """A conversation with one answer."""
    return chat.ask(f"What is a lease? {Script(tokens=3).directive()}").wait_until("completed")


def _titles(client: ApiClient) -> dict[str, str]:
    return {one["id"]: one["title"] for one in client.conversations(limit=100)["data"]}


def test_a_conversation_is_renamed_in_its_place(asked: ChatPage, client: ApiClient) -> None:
    entry = asked.entry(asked.conversation_id)
    expect(entry).to_contain_text("What is a lease?")
    expect(asked.page).to_have_title(re.compile(r"^What is a lease\?.* \u00b7 Millstream$"))
    entry.hover()
    asked.page.locator(f'[data-focus="pencil {asked.conversation_id}"]').click()
    box = asked.page.get_by_role("textbox", name="Name of the conversation")
    box.fill("Leases & <b>promises</b>")
    with asked.page.expect_response(lambda response: response.request.method == "POST"):
        box.press("Enter")

    expect(entry).to_have_text("Leases & <b>promises</b>")
    expect(asked.page).to_have_title("Leases & <b>promises</b> \u00b7 Millstream")
    expect(entry).to_be_focused()
    assert _titles(client)[asked.conversation_id] == "Leases & <b>promises</b>"


def _delete(chat: ChatPage, conversation_id: str) -> None:
    chat.entry(conversation_id).hover()
    chat.page.locator(f'[data-focus="trash {conversation_id}"]').click()


def test_a_deleted_conversation_can_be_had_back(asked: ChatPage, client: ApiClient) -> None:
    conversation_id = asked.conversation_id
    _delete(asked, conversation_id)
    expect(asked.entry(conversation_id)).to_have_count(0)
    expect(asked.page.locator(".welcome")).to_be_visible()

    asked.page.get_by_role("button", name="Undo").click()

    expect(asked.entry(conversation_id)).to_be_visible()
    asked.wait_until("completed")
    assert asked.conversation_id == conversation_id
    assert conversation_id in _titles(client)


def test_a_conversation_deleted_just_before_the_page_is_left_is_gone(
    asked: ChatPage, client: ApiClient
) -> None:
    conversation_id = asked.conversation_id
    _delete(asked, conversation_id)
    expect(asked.page.locator(".toast")).to_contain_text("Conversation deleted")
    # As a closed tab is left; but a browser that is slow to say goodbye to that one is cut short.
    asked.page.goto(f"{asked.url}/healthz")

    def gone() -> bool:
        try:
            client.items(conversation_id)
        except ApiError as error:
            return error.status == 404
        return False

    eventually("the conversation to be deleted", gone, 10)


def test_conversations_are_found_by_their_words(chat: ChatPage, client: ApiClient) -> None:
    found = client.http.post("/v1/conversations", json={"title": "Zebra crossings"}).json()["id"]
    other = client.http.post("/v1/conversations", json={"title": "Other matters"}).json()["id"]
    chat.page.reload()
    expect(chat.entry(other)).to_be_visible()

    chat.page.get_by_role("searchbox", name="Search conversations").fill("zebra")

    expect(chat.entry(other)).to_have_count(0)
    expect(chat.entry(found)).to_be_visible()
    chat.page.get_by_role("searchbox").fill("nobody said this")
    expect(chat.page.locator(".history-hint")).to_have_text("No conversation has these words.")


def test_a_question_asked_in_one_tab_is_answered_in_the_other(
    asked: ChatPage, context: BrowserContext
) -> None:
    other = ChatPage(context.new_page(), asked.url).open(f"/c/{asked.conversation_id}")
    other.wait_until("completed")
    script = Script(tokens=20, seed=41)
    asked.ask(f"What is a relay? {script.directive()}").wait_until("completed")

    expect(other.page.locator(".turn")).to_have_count(2)
    other.wait_until("completed")
    assert other.shown() == asked.shown()
    asked.act("Answer again").click()
    asked.wait_until("completed")
    expect(other.page.locator(".turn")).to_have_count(2)
    other.page.wait_for_function(
        "id => document.querySelector('.turn:last-child')?.dataset.responseId === id",
        arg=asked.shown()[-1]["responseId"],
    )
