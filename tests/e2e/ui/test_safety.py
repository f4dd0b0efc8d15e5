"""What readers, documents and models write is text, whatever it looks like."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from bench.scripted_model.embeddings import embed
from bench.scripted_model.script import Script
from millstream_contract.ledger import Ledger, open_pool
from millstream_contract.ledger.documents import Chunk
from tests.e2e.ui.chat_page import ChatPage
from tests.harness.corpus import DIMENSIONS
from tests.harness.stack import Stack

_ATTACKS = (
    "<script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked=1'>",
    "<svg/onload=window.hacked=1>",
    "[click](javascript:window.hacked=1)",
    "![x](https://example.org/tracker.png)",
    "<style>body { display: none }</style><div style='position:fixed;inset:0'>",
    "</script><script>window.hacked=1</script>",
)


def _harm(chat: ChatPage) -> dict[str, object]:
    harm: dict[str, object] = chat.page.evaluate(
        """() => ({
            hacked: window.hacked ?? null,
            foreign: document.querySelectorAll(
                ".turn :is(script, style, img, svg, iframe, form, [style])").length,
            links: [...document.querySelectorAll(".turn a")].filter(
                (a) => !/^https?:$/.test(a.protocol)).length,
            visible: getComputedStyle(document.body).display !== "none",
        })"""
    )
    return harm


_NO_HARM = {"hacked": None, "foreign": 0, "links": 0, "visible": True}


def test_an_attack_in_the_models_words_is_shown_and_does_nothing(chat: ChatPage) -> None:
    asked: list[str] = []
    chat.page.on("request", lambda request: asked.append(request.url))
    tokens = tuple(f"{attack}\n\n" for attack in _ATTACKS)
    chat.ask(f"What is a token log? {Script(literal=tokens).directive()}").wait_until("completed")

    assert _harm(chat) == _NO_HARM
    assert "<script>window.hacked = 1</script>" in chat.visible_text()
    assert [url for url in asked if "127.0.0.1" not in url] == []


@pytest.mark.parametrize("attack", [_ATTACKS[0], _ATTACKS[1], _ATTACKS[5]])
def test_an_attack_in_a_question_is_shown_and_does_nothing(chat: ChatPage, attack: str) -> None:
    chat.ask(f"{attack} {Script(tokens=3).directive()}").wait_until("completed")
    chat.page.reload()
    chat.wait_until("completed")

    assert _harm(chat) == _NO_HARM
    assert attack in (chat.turn.locator(".question").text_content() or "")
    assert attack[:20] in (chat.page.locator(".history").text_content() or "")


@pytest.fixture
def hostile_document(stack: Stack) -> Iterator[str]:
    """A document whose title, place and text attack; gives words that find it."""
    words = "hedgehog umbrellas"
    text = f"{words} {' '.join(_ATTACKS)}"
    with open_pool(stack.backends.database_url, size=1) as pool:
        documents = Ledger.of(pool).documents
        document_id, _ = documents.put("hostile.md", _ATTACKS[1], "text/markdown", text)
        vector = embed(text, DIMENSIONS)
        chunk = Chunk(place=" > ".join(_ATTACKS[:2]), content=text, embedding=vector)
        documents.replace_chunks(documents.get(document_id), [chunk])
        yield words
        with pool.connection() as connection:
            connection.execute("DELETE FROM documents WHERE id = %s", [document_id])


def test_an_attack_in_a_document_is_shown_and_does_nothing(
    chat: ChatPage, hostile_document: str
) -> None:
    script = Script(literal=("So says [1][2][3][4][5].",))
    question = f"{hostile_document} {hostile_document} {script.directive()}"
    chat.ask(question).wait_until("completed")

    source = chat.turn.locator(".source", has_text="onerror").first
    expect(source).to_be_visible()
    source.click()
    drawer = chat.page.get_by_role("dialog")
    expect(drawer.locator(".passage-text")).to_contain_text(_ATTACKS[0])
    expect(drawer.locator(".passage-place")).to_contain_text(_ATTACKS[1])

    assert _harm(chat) == _NO_HARM
    shown = drawer.locator(":is(#passage-body, .mantine-Drawer-title)")
    assert shown.locator(":is(script, style, img, svg)").count() == 0


def test_a_name_that_attacks_is_shown_and_does_nothing(chat: ChatPage) -> None:
    for scheme in ("javascript:window.hacked=1", *_ATTACKS[:2]):
        chat.ask(f"{scheme} {Script(tokens=3).directive()}").wait_until("completed")
    entry = chat.entry(chat.conversation_id)
    entry.hover()
    chat.page.locator(f'[data-focus="pencil {chat.conversation_id}"]').click()
    chat.page.get_by_role("textbox", name="Name of the conversation").fill(_ATTACKS[1])
    chat.page.keyboard.press("Enter")

    expect(entry).to_have_text(_ATTACKS[1])
    assert _harm(chat) == _NO_HARM
    assert chat.page.locator(".history img").count() == 0
