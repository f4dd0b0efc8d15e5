"""By keyboard, by ear, on a phone, in any direction, and calmly."""

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import BrowserContext, expect

from bench.scripted_model.fault import Fault
from bench.scripted_model.script import Script
from tests.browser import WAIT_MILLISECONDS
from tests.e2e.ui.chat_page import ChatPage
from tests.harness.corpus import UNANSWERABLE
from tests.harness.deadlines import scaled
from tests.harness.services import Service
from tests.harness.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_RICH = (
    "A **lease** [1] is `short`, see [this](https://example.org).\n\n## Part\n\n1. one\n2. two\n\n",
    "| a | b |\n| - | -: |\n| 1 | 2 |\n\n> quoted\n\n```python\nx = 'text'  # and so on\n```\n",
)
_AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
_RUN_AXE = """async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => [id, ...nodes.map((node) => node.html.slice(0, 200))]);
}"""


def _violations(chat: ChatPage) -> list[Any]:
    # A colour that is on its way to another is none of the page's colours.
    chat.page.evaluate("Promise.all(document.getAnimations().map((one) => one.finish()))")
    found: list[Any] = chat.page.evaluate(_RUN_AXE)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_state_of_the_page_shuts_anybody_out(
    scheme: Any, browser: "Browser", site: Service, stack: Stack
) -> None:
    context = browser.new_context(color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    context.set_default_timeout(scaled(WAIT_MILLISECONDS))
    context.add_init_script(_AXE)
    chat = ChatPage(context.new_page(), site.url).open()
    assert _violations(chat) == [], "the empty page"

    chat.ask(f"What is a lease? {Script(literal=_RICH).directive()}").wait_until("completed")
    chat.ask(UNANSWERABLE).wait_until("completed")
    failing = Script(tokens=9, seed=71, fault=Fault("error_event", 4))
    chat.ask(f"What is a relay? {failing.directive()}").wait_until("failed")
    chat.act("Bad answer").click()
    expect(chat.page.locator(".hljs-string")).to_be_visible()
    assert _violations(chat) == [], "answers"

    citation = chat.page.locator(".prose [data-cite]").first
    citation.click()
    expect(chat.page.locator(".passage-text")).to_be_visible()
    assert _violations(chat) == [], "a passage"
    chat.page.keyboard.press("Escape")
    # The focus goes back there a moment later: a key that is pressed before may hit it.
    expect(citation).to_be_focused()

    held = Script(tokens=9, seed=72, gate=(f"axe-{scheme}", 4))
    chat.ask(f"What is a relay? {held.directive()}")
    expect(chat.cursor).to_be_visible()
    assert _violations(chat) == [], "an answer being written"
    stack.model.open_gate(f"axe-{scheme}")
    chat.wait_until("completed")
    chat.act("Edit the question").click()
    assert _violations(chat) == [], "a question being edited"

    chat.open(f"/c/conv_{0:032x}")
    expect(chat.page.locator(".notice-title")).to_be_visible()
    assert _violations(chat) == [], "no such conversation"
    context.close()


def test_everything_can_be_done_by_keyboard(chat: ChatPage) -> None:
    keyboard = chat.page.keyboard
    skip = chat.page.get_by_role("link", name="Skip to the question box")
    skip.focus()
    expect(skip).to_be_in_viewport()
    keyboard.press("Enter")
    expect(chat.box).to_be_focused()
    keyboard.type(f"What is a lease? {Script(literal=('So [1].',)).directive()}")
    keyboard.press("Enter")
    chat.wait_until("completed")

    reached = []
    for _ in range(12):
        keyboard.press("Shift+Tab")
        reached.append(chat.page.evaluate("document.activeElement.getAttribute('aria-label')"))
        if reached[-1] and reached[-1].startswith("Open source 1"):
            break
    assert {"Bad answer", "Good answer", "Answer again", "Copy the answer"} <= set(reached)
    keyboard.press("Enter")
    drawer = chat.page.get_by_role("dialog")
    expect(drawer.locator(".passage-text")).not_to_be_empty()
    keyboard.press("Escape")
    expect(drawer).to_be_hidden()


def test_a_screen_reader_hears_what_happens_and_not_every_token(
    chat: ChatPage, stack: Stack
) -> None:
    chat.page.evaluate(
        """() => {
            window.heard = [];
            const region = document.querySelector("[aria-live=polite]");
            new MutationObserver(() => heard.push(region.textContent))
                .observe(region, { childList: true, characterData: true, subtree: true });
        }"""
    )
    script = Script(tokens=80, seed=73, gate=("heard", 5))
    chat.ask(f"What is a lease? {script.directive()}")
    expect(chat.turn.locator("article")).to_have_attribute("aria-busy", "true")
    stack.model.wait(script.id, "held")
    stack.model.open_gate("heard")
    chat.wait_until("completed")

    expect(chat.turn.locator("article")).to_have_attribute("aria-busy", "false")
    heard = chat.page.evaluate("heard")
    assert heard[-1] == "The answer is complete."
    assert len(heard) < 10
    assert chat.turn.locator("[aria-live]").count() == 0


def test_text_runs_in_its_own_direction(chat: ChatPage) -> None:
    # A Hebrew paragraph, an English one, and code, which never turns round.
    hebrew = "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd"
    literal = (f"{hebrew}\n\n", "English\n\n", "```\ncode\n```\n")
    chat.ask(f"{hebrew} {Script(literal=literal).directive()}").wait_until("completed")

    def edge(selector: str) -> str:
        side: str = chat.page.evaluate(
            """(selector) => {
                const element = document.querySelector(selector);
                const range = document.createRange();
                range.selectNodeContents(element);
                const [text, box] = [range, element].map((one) => one.getBoundingClientRect());
                return box.right - text.right < text.left - box.left ? "right" : "left";
            }""",
            selector,
        )
        return side

    assert edge(".prose > p:nth-of-type(1)") == "right"
    assert edge(".prose > p:nth-of-type(2)") == "left"
    assert edge(".prose pre") == "left"
    expect(chat.box).to_have_attribute("dir", "auto")
    expect(chat.turn.locator(".question")).to_have_attribute("dir", "auto")


def test_who_wants_no_motion_sees_none(
    context: BrowserContext, chat: ChatPage, stack: Stack
) -> None:
    chat.page.emulate_media(reduced_motion="reduce")
    script = Script(tokens=9, seed=74, gate=("still", 4))
    chat.ask(f"What is a lease? {script.directive()}")
    expect(chat.cursor).to_be_visible()

    moving = "document.getAnimations().filter((one) => one.playState === 'running').length"
    assert chat.page.evaluate(moving) == 0
    stack.model.open_gate("still")
    chat.wait_until("completed")


def test_the_view_follows_the_text_only_while_the_reader_is_at_its_end(
    chat: ChatPage, stack: Stack
) -> None:
    lines = tuple(f"Line {number}\n\n" for number in range(120))
    script = Script(literal=lines, gate=("scroll", 60))
    chat.ask(f"What is a lease? {script.directive()}").wait_for_text("Line 59")
    below = "document.documentElement.scrollHeight - scrollY - innerHeight"
    chat.page.wait_for_function(f"() => {below} < 2")
    jump = chat.page.get_by_role("button", name="Jump to the end")
    expect(jump).to_be_hidden()

    chat.page.mouse.move(700, 300)
    chat.page.mouse.wheel(0, -40)
    expect(jump).to_be_visible()
    top = chat.page.evaluate("scrollY")
    stack.model.open_gate("scroll")
    chat.wait_until("completed")

    assert chat.page.evaluate("scrollY") == top
    jump.click()
    chat.page.wait_for_function(f"() => {below} < 2")
    expect(jump).to_be_hidden()


def test_a_phone_shows_everything_without_scrolling_sideways(
    context: BrowserContext, site: Service
) -> None:
    chat = ChatPage(context.new_page(), site.url)
    chat.page.set_viewport_size({"width": 360, "height": 740})
    chat.open()
    chat.ask(f"What is a lease? {Script(literal=_RICH).directive()}").wait_until("completed")
    chat.act("Bad answer").click()
    chat.turn.locator(".timings summary").click()
    chat.act("Edit the question").click()

    sideways = "document.documentElement.scrollWidth"
    assert chat.page.evaluate(sideways) <= 360
    conversation_id = chat.conversation_id
    chat.page.get_by_role("button", name="Show or hide conversations").click()
    expect(chat.entry(conversation_id)).to_be_in_viewport()
    chat.page.wait_for_function(f"() => {sideways} <= 360")
