"""What a reader can do with an answer: ask again, edit, copy, say whether it was good."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from bench.scripted_model.script import Script
from tests.e2e.ui.chat_page import ChatPage
from tests.harness.api_client import ApiClient
from tests.harness.stack import Stack

# What was said in a conversation arrives when the test says so.
_HOLD_ITEMS = """
const realFetch = window.fetch;
const go = new Promise((resolve) => { window.letItemsGo = resolve; });
window.fetch = async (input, options) => {
  if (String(input?.url ?? input).includes("/items?")) await go;
  return realFetch(input, options);
};
"""


@pytest.fixture
def client(stack: Stack) -> Iterator[ApiClient]:
    with stack.client() as client:
        yield client


def test_an_answer_can_be_had_again_in_its_place(chat: ChatPage, client: ApiClient) -> None:
    script = Script(tokens=8, seed=31)
    chat.ask(f"What is a lease? {Script(tokens=3, seed=30).directive()}").wait_until("completed")
    chat.ask(f"What is a relay? {script.directive()}").wait_until("completed")
    first = chat.shown()

    chat.act("Answer again").click()
    expect(chat.page.locator(f'[data-response-id="{first[1]["responseId"]}"]')).to_have_count(0)
    chat.wait_until("completed")

    again = chat.shown()
    assert [turn["text"] for turn in again] == [turn["text"] for turn in first]
    assert again[0]["responseId"] == first[0]["responseId"]
    assert again[1]["responseId"] != first[1]["responseId"]
    items = client.items(chat.conversation_id, order="asc")["data"]
    questions = [item["response_id"] for item in items if item.get("role") == "user"]
    assert questions == [turn["responseId"] for turn in again]
    # Only the last one can be had again.
    expect(chat.page.get_by_role("button", name="Answer again")).to_have_count(1)


def test_the_last_question_can_be_edited_and_asked_again(chat: ChatPage) -> None:
    script = Script(tokens=6, seed=33)
    chat.ask(f"What is a lease? {Script(tokens=4, seed=32).directive()}").wait_until("completed")

    chat.act("Edit the question").click()
    box = chat.turn.get_by_role("textbox", name="Your question, to be asked again")
    expect(box).to_be_focused()
    box.fill(f"What is a relay? {script.directive()}")
    box.press("Enter")
    expect(chat.turn.locator(".question")).to_contain_text("What is a relay?")
    chat.wait_until("completed")
    chat.page.reload()
    chat.wait_until("completed")

    expect(chat.page.locator(".turn")).to_have_count(1)
    expect(chat.turn.locator(".question")).to_contain_text("What is a relay?")
    assert chat.shown()[-1]["text"] == script.text


def test_an_edited_question_that_is_refused_leaves_the_answer_there_was(chat: ChatPage) -> None:
    script = Script(tokens=4, seed=34)
    chat.ask(f"What is a lease? {script.directive()}").wait_until("completed")

    chat.act("Edit the question").click()
    chat.turn.get_by_role("textbox").fill("long " * 2000)
    chat.act("Ask again").click()

    expect(chat.page.locator(".notice-title")).to_have_text("Your question was not accepted")
    expect(chat.page.locator(".turn").first.locator(".prose")).to_be_visible()
    assert chat.shown()[0]["text"] == script.text


def test_an_edited_question_that_was_refused_can_be_edited_further_and_takes_the_same_place(
    chat: ChatPage, client: ApiClient
) -> None:
    chat.ask(f"What is a lease? {Script(tokens=4, seed=34).directive()}").wait_until("completed")
    replaced = chat.shown()[0]["responseId"]
    chat.act("Edit the question").click()
    chat.turn.get_by_role("textbox").fill("long " * 2000)
    chat.act("Ask again").click()
    refused = chat.turn.locator(".notice-box")

    refused.get_by_role("button", name="Edit the question").click()
    script = Script(tokens=3, seed=35)
    chat.turn.get_by_role("textbox").fill(f"What is a relay? {script.directive()}")
    chat.act("Ask again").click()
    chat.wait_until("completed")

    assert [turn["text"] for turn in chat.shown()] == [script.text]
    assert client.retrieve(chat.shown()[0]["responseId"])["millstream"]["replaces"] == replaced


def test_a_stop_stops_the_answer_being_written_and_the_one_in_line(
    chat: ChatPage, client: ApiClient, stack: Stack
) -> None:
    script = Script(tokens=30, seed=36, gate=("two at once", 10))
    conversation = client.create_conversation()["id"]
    # The one in line must not be done before its stop comes, should it begin.
    in_line = Script(tokens=3, seed=37, gate=("two at once", 0))
    for question in (script, in_line):
        client.start(f"What is a relay? {question.directive()}", conversation=conversation)
    stack.model.wait(script.id, "held")
    chat.open(f"/c/{conversation}")
    expect(chat.cursor.first).to_be_visible()
    expect(chat.page.locator(".turn")).to_have_count(2)

    chat.page.get_by_role("button", name="Stop", exact=True).click()
    chat.wait_until("cancelled")

    assert [turn["status"] for turn in chat.shown()] == ["cancelled", "cancelled"]
    stack.model.open_gate("two at once")


def test_a_question_that_comes_too_early_stays_in_the_box_and_the_page_says_so(
    chat: ChatPage, stack: Stack
) -> None:
    script = Script(tokens=12, seed=38, gate=("too early", 6))
    second = f"What is a relay? {Script(tokens=3, seed=39).directive()}"
    chat.ask(f"What is a lease? {script.directive()}")
    stack.model.wait(script.id, "held")
    told = chat.page.get_by_role("status").filter(has_text="Your question stays here")
    expect(told).to_have_count(0)

    chat.ask(second)

    expect(told).to_be_visible()
    expect(chat.box).to_have_value(second)
    expect(chat.page.locator(".turn")).to_have_count(1)
    stack.model.open_gate("too early")
    chat.wait_until("completed")
    expect(told).to_have_count(0)
    assert chat.shown()[0]["text"] == script.text
    chat.box.press("Enter")
    expect(chat.page.locator(".turn")).to_have_count(2)
    chat.wait_until("completed")


def test_a_question_asked_while_a_running_answer_is_opened_goes_back_to_the_box(
    chat: ChatPage, client: ApiClient, stack: Stack
) -> None:
    script = Script(tokens=12, seed=40, gate=("opening", 6))
    conversation = client.create_conversation()["id"]
    client.start(f"What is a relay? {script.directive()}", conversation=conversation)
    stack.model.wait(script.id, "held")
    chat.page.add_init_script(_HOLD_ITEMS)
    chat.open(f"/c/{conversation}")

    chat.ask("What is a lease?")
    chat.box.press_sequentially("And a fence?")
    chat.page.evaluate("letItemsGo()")

    expect(chat.box).to_have_value("What is a lease?\n\nAnd a fence?")
    expect(
        chat.page.get_by_role("status").filter(has_text="Your question stays here")
    ).to_be_visible()
    stack.model.open_gate("opening")
    chat.wait_until("completed")
    assert [turn["text"] for turn in chat.shown()] == [script.text]


def test_answers_and_code_are_copied_as_they_were_written(chat: ChatPage) -> None:
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    literal = ("A **lease**:\n\n", "```python\n", "x = '<b>'\n", "```\n")
    script = Script(literal=literal)
    chat.ask(f"What is a lease? {script.directive()}").wait_until("completed")
    expect(chat.prose.locator(".hljs-string")).to_have_text("'<b>'")

    def pasted(button: str) -> str:
        told = f'[aria-label="{button}"][data-copied]'
        chat.remember(told)
        chat.act(button).click()
        chat.wait_until_said(told)
        text: str = chat.page.evaluate("navigator.clipboard.readText()")
        return text

    assert pasted("Copy the answer") == script.text
    assert pasted("Copy the code") == "x = '<b>'\n"


def test_what_is_opened_at_the_end_of_the_page_comes_into_view(chat: ChatPage) -> None:
    lines = tuple(f"Line {number}\n\n" for number in range(40))
    chat.ask(f"What is a lease? {Script(literal=lines).directive()}").wait_until("completed")
    top = "document.querySelector('.composer').getBoundingClientRect().top"

    def wait_until_in_view(selector: str) -> None:
        chat.page.wait_for_function(
            "([selector, top]) => {"
            "  const box = document.querySelector(selector).getBoundingClientRect();"
            "  return box.height > 0 && box.bottom <= top; }",
            arg=[selector, chat.page.evaluate(top)],
        )

    chat.turn.locator(".timings summary").click()
    wait_until_in_view(".timings dl")
    chat.act("Good answer").click()
    wait_until_in_view(".feedback form")


def test_a_rating_is_stored_with_its_comment_and_can_be_taken_back(
    chat: ChatPage, client: ApiClient
) -> None:
    chat.ask(f"What is a lease? {Script(tokens=4, seed=35).directive()}").wait_until("completed")
    response_id = chat.shown()[-1]["responseId"]

    chat.act("Bad answer").click()
    comment = chat.turn.get_by_role("textbox", name="What was wrong with it? (optional)")
    comment.fill("It is <b>short</b>.")
    chat.remember(".feedback-thanks")
    chat.act("Send").click()
    chat.wait_until_said(".feedback-thanks", "Thank you")

    stored = client.retrieve(response_id)["millstream"]["feedback"]
    assert stored == {"rating": "down", "comment": "It is <b>short</b>."}
    chat.page.reload()
    chat.wait_until("completed")
    expect(chat.act("Bad answer")).to_have_attribute("aria-pressed", "true")
    with chat.page.expect_response("**/feedback"):
        chat.act("Bad answer").click()
    expect(chat.act("Bad answer")).to_have_attribute("aria-pressed", "false")
    assert client.retrieve(response_id)["millstream"]["feedback"] is None
