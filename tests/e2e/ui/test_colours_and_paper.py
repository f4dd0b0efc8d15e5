"""The page in colours that a reader's system chooses, and on paper."""

from playwright.sync_api import expect

from bench.scripted_model.script import Script
from tests.e2e.ui.chat_page import ChatPage

_UNSEEN = """() => {
    const clear = /^rgba\\(.*, 0\\)$/;
    const colour = (element) => getComputedStyle(element).backgroundColor;
    const behind = (one) => (clear.test(colour(one)) ? behind(one.parentElement) : colour(one));
    return [...document.querySelectorAll(".icon, .brand-mark, .activity, .cursor")]
        .filter((mark) => mark.checkVisibility())
        .filter((mark) => colour(mark) === behind(mark.parentElement))
        .map((mark) => mark.className);
}"""


def test_every_icon_can_be_seen_in_the_colours_of_a_contrast_theme(chat: ChatPage) -> None:
    chat.ask(f"What is a lease? {Script(tokens=3, seed=93).directive()}").wait_until("completed")
    chat.act("Good answer").click()

    chat.page.emulate_media(forced_colors="active")

    assert chat.page.locator(".icon").count() > 5
    assert chat.page.evaluate(_UNSEEN) == []


def test_on_paper_are_question_and_answer_and_nothing_to_press(chat: ChatPage) -> None:
    literal = ("A **lease** [1]:\n\n", "```python\n", "x = 1\n", "```\n")
    chat.ask(f"What is a lease? {Script(literal=literal).directive()}").wait_until("completed")

    chat.page.emulate_media(media="print", color_scheme="dark")

    expect(chat.turn.locator(".question")).to_be_visible()
    expect(chat.prose).to_be_visible()
    for pressed in (chat.box, chat.button, chat.act("Copy the answer"), chat.act("Copy the code")):
        expect(pressed).to_be_hidden()
    expect(chat.page.get_by_role("navigation", name="Conversations")).to_be_hidden()
    dark = "getComputedStyle(document.querySelector('.prose')).color"
    assert chat.page.evaluate(dark) == "rgb(0, 0, 0)"
    left = "document.querySelector('.prose').getBoundingClientRect().left"
    assert chat.page.evaluate(left) < 40
