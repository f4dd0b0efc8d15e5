"""What readers, documents and models write is text, whatever it looks like."""

import pytest

from bench.scripted_model.script import Script
from tests.e2e.ui.chat_page import ChatPage

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
