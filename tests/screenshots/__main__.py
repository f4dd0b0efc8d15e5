"""``make screenshots``: pictures of the page for the documents, taken of a real stack.

The stack is the whole product around a scripted model, which says what the pictures need.
"""

import argparse
import base64
import sys
import time
from pathlib import Path
from typing import Any

from bench.scripted_model.fault import Fault
from bench.scripted_model.script import Script
from tests.e2e.ui.chat_page import ChatPage
from tests.harness.processes import ROOT
from tests.screenshots import content
from tests.screenshots.pictures import save_film
from tests.screenshots.studio import Studio, open_studio, tokens

_FOLDER = ROOT / "docs" / "images"
_WORDS_PER_SECOND = 45
_FILM_WIDTH = 880


def main() -> int:
    """Take all pictures; print their sizes."""
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, default=_FOLDER, help="where the pictures go")
    parser.add_argument("--no-film", action="store_true", help="stills only")
    options = parser.parse_args()
    with open_studio(options.out) as studio:
        taken = [*_stills(studio), *_breakdowns(studio)]
        if not options.no_film:
            taken.append(_film(studio))
    for path in taken:
        sys.stdout.write(f"{path.relative_to(ROOT)} {path.stat().st_size // 1000} kB\n")
    return 0


def _stills(studio: Studio) -> list[Path]:
    taken = []
    for scheme, phone, name in (
        ("light", False, "light"),
        ("dark", False, "dark"),
        ("light", True, "phone"),
    ):
        chat = studio.tab(scheme, phone)  # type: ignore[arg-type]  # a literal of the tuple
        if name == "light":
            taken.append(studio.shoot(chat.page, "welcome"))
        _answer(studio, chat)
        _look_up(chat)
        taken.append(studio.shoot(chat.page, name))
        if name == "light":
            chat.prose.locator("[data-cite]").first.click()
            chat.page.locator(".passage-text").wait_for()
            taken.append(studio.shoot(chat.page, "sources"))
        studio.close(chat)
    return taken


def _breakdowns(studio: Studio) -> list[Path]:
    chat = studio.tab()
    shown = content.ANSWER[: content.ANSWER.index("# somebody")]
    held = Script(literal=tokens(content.ANSWER), gate=("still", len(tokens(shown))))
    studio.ask(chat, content.QUESTION, held)
    studio.stack.model.wait(held.id, "held")
    studio.name(chat, content.QUESTION)
    _look_up(chat)
    streaming = studio.shoot(chat.page, "streaming")
    studio.stack.model.open_gate("still")
    chat.wait_until("completed")
    studio.close(chat)

    chat = studio.tab()
    studio.ask(chat, content.UNANSWERABLE, None)
    chat.wait_until("completed")
    fault = Script(literal=tokens(content.FOLLOW_UP_ANSWER), fault=Fault("error_event", 24))
    studio.ask(chat, content.FOLLOW_UP, fault)
    chat.wait_until("failed")
    chat.page.context.set_offline(True)
    chat.ask("And who notices it?")
    chat.page.locator(".notice").wait_for()
    error = studio.shoot(chat.page, "error")
    chat.page.context.set_offline(False)
    studio.close(chat)
    return [streaming, error]


def _answer(studio: Studio, chat: ChatPage) -> None:
    studio.ask(chat, content.QUESTION, Script(literal=tokens(content.ANSWER)))
    chat.wait_until("completed")
    studio.name(chat, content.QUESTION)
    chat.page.locator(".code-block[data-coloured]").wait_for()


def _look_up(chat: ChatPage) -> None:
    """Show the answer from its question on, and nothing that only a mouse brings about."""
    chat.page.mouse.move(1, 1)
    chat.page.evaluate("document.activeElement.blur()")
    chat.page.evaluate("scrollTo(0, 0)")


def _film(studio: Studio) -> Path:
    chat = studio.tab()
    frames: list[tuple[float, bytes]] = []
    devtools = chat.page.context.new_cdp_session(chat.page)

    def keep(event: dict[str, Any]) -> None:
        frames.append((event["metadata"]["timestamp"], base64.b64decode(event["data"])))
        devtools.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

    devtools.on("Page.screencastFrame", keep)
    devtools.send("Page.startScreencast", {"format": "jpeg", "quality": 90, "everyNthFrame": 2})
    chat.box.press_sequentially(content.QUESTION, delay=25)
    script = Script(literal=tokens(content.ANSWER), rate=_WORDS_PER_SECOND, first_ms=500)
    studio.ask(chat, content.QUESTION, script)
    chat.wait_until("completed")
    studio.name(chat, content.QUESTION)
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        chat.page.wait_for_timeout(100)
    devtools.send("Page.stopScreencast")
    studio.close(chat)
    return save_film(_thinned(frames), studio.folder / "answer.webp", _FILM_WIDTH, end_ms=4_000)


def _thinned(frames: list[tuple[float, bytes]], every: float = 0.1) -> list[tuple[float, bytes]]:
    kept = frames[:1]
    for frame in frames[1:]:
        if frame[0] - kept[-1][0] >= every:
            kept.append(frame)
    return [*kept[:-1], frames[-1]]


if __name__ == "__main__":
    sys.exit(main())
