"""The chat as a reader meets it: what can be seen and done, by role where there is one."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

_SHOWN = "() => import('/assets/main.js').then((main) => main.shownAnswers())"
_RENDERED = """async ([source, numbers]) => {
    const { renderMarkdown } = await import("/assets/markdown.js");
    const passages = new Set(numbers);
    const fragment = renderMarkdown(source, { references: {}, passages, citationLabel: () => "" });
    return fragment.textContent.replace(/\\s+/g, " ").trim();
}"""
_REMEMBER = """(selector) => {
    window.remembered ??= {};
    const said = (window.remembered[selector] ??= []);
    const note = ({ textContent }) => said.push(textContent);
    const look = () => document.querySelectorAll(selector).forEach(note);
    const everything = { subtree: true, childList: true, characterData: true, attributes: true };
    new MutationObserver(look).observe(document, everything);
}"""
_HAS_SAID = """([selector, part]) =>
    window.remembered[selector].some((text) => text.includes(part))"""
_VISIBLE = r"(prose) => prose.textContent.replace(/\s+/g, ' ').trim()"


@dataclass
class ChatPage:
    """One tab."""

    page: "Page"
    url: str

    def open(self, path: str = "/") -> Self:
        """Open an address of the page and wait until a question can be typed."""
        self.page.goto(self.url + path)
        self.box.wait_for()
        return self

    @property
    def box(self) -> "Locator":
        """The question box."""
        return self.page.get_by_role("textbox", name="Your question")

    @property
    def button(self) -> "Locator":
        """The button that sends or stops."""
        return self.page.locator("#send")

    @property
    def turn(self) -> "Locator":
        """The last question with its answer."""
        return self.page.locator(".turn").last

    @property
    def prose(self) -> "Locator":
        """The last answer's text."""
        return self.turn.locator(".prose")

    @property
    def cursor(self) -> "Locator":
        """The cursor behind the last word."""
        return self.page.locator(".cursor")

    @property
    def conversation_id(self) -> str:
        """The conversation that the address names."""
        self.page.wait_for_url(re.compile(r"/c/conv_\w+$"))
        return self.page.url.rsplit("/", 1)[1]

    def act(self, name: str) -> "Locator":
        """The button of the last question or answer that has this name."""
        return self.turn.get_by_role("button", name=name, exact=True)

    def entry(self, conversation_id: str) -> "Locator":
        """A conversation in the sidebar."""
        return self.page.locator(f'.history a[href="/c/{conversation_id}"]')

    def ask(self, question: str) -> Self:
        """Type a question and send it by Enter."""
        self.box.fill(question)
        self.box.press("Enter")
        return self

    def wait_for_text(self, part: str) -> Self:
        """Wait until the last answer shows these words."""
        self.prose.get_by_text(part).last.wait_for()
        return self

    def wait_until(self, status: str) -> Self:
        """Wait until the last answer has this final status, and a question can be asked again."""
        self.page.locator(f'.turn:last-child[data-status="{status}"]').wait_for()
        self.page.locator('#send[data-state="idle"]').wait_for()
        return self

    def remember(self, selector: str) -> None:
        """Keep from now on what such elements say, for some go by themselves."""
        self.page.evaluate(_REMEMBER, selector)

    def wait_until_said(self, selector: str, part: str = "") -> None:
        """Wait until such an element was there since `remember`, with these words."""
        self.page.wait_for_function(_HAS_SAID, arg=[selector, part])

    def shown(self) -> list[dict[str, Any]]:
        """Give id, status and Markdown of each answer on the page."""
        answers: list[dict[str, Any]] = self.page.evaluate(_SHOWN)
        return answers

    def visible_text(self) -> str:
        """Give the words of the last answer, as they are drawn."""
        text: str = self.prose.evaluate(_VISIBLE)
        return text

    def rendered(self, markdown: str, passages: int) -> str:
        """Give the words that this text has when it is drawn at once."""
        text: str = self.page.evaluate(_RENDERED, [markdown, list(range(1, passages + 1))])
        return text
