"""The pictures of the page that the documents show (`make screenshots`)."""

import ast
from pathlib import Path

import pytest

from tests.screenshots.pictures import MOST_FILM_BYTES, MOST_STILL_BYTES

_ROOT = Path(__file__).parents[3]
_FOLDER = _ROOT / "docs" / "images"
_NAMES = {"welcome", "light", "dark", "phone", "streaming", "sources", "error", "answer"}


def test_every_state_has_a_picture_and_nothing_else_is_kept() -> None:
    assert {path.stem for path in _FOLDER.iterdir()} == _NAMES


def test_every_picture_is_shown_by_a_document() -> None:
    documents = [_ROOT / "README.md", *(_ROOT / "docs").rglob("*.md"), *_ROOT.glob("specs/*/*.md")]
    shown = "".join(document.read_text(encoding="utf-8") for document in documents)

    assert [
        path.name for path in _FOLDER.iterdir() if f"docs/images/{path.name})" not in shown
    ] == []


@pytest.mark.parametrize("path", sorted(_FOLDER.iterdir()), ids=lambda path: path.name)
def test_a_picture_is_small(path: Path) -> None:
    most = MOST_FILM_BYTES if path.suffix == ".webp" else MOST_STILL_BYTES

    assert 5_000 < path.stat().st_size <= most


def test_every_picture_is_one_that_the_command_takes() -> None:
    text = (_ROOT / "tests/screenshots/__main__.py").read_text(encoding="utf-8")
    strings = {
        node.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }

    assert {name for name in _NAMES if not {name, f"{name}.webp"} & strings} == set()
