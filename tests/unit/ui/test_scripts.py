"""Runs js/*.test.js in Chromium; each test there is one here."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from millstream_ui.app import ASSETS
from tests.unit.ui.script_server import running_script_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_FILES = sorted((Path(__file__).parent / "js").glob("*.test.js"))
_RUN = """async (file) => {
    await import(file);
    return (await import("/js/testing.js")).run();
}"""


def _names(file: Path) -> list[str]:
    return re.findall(r'^test\(\s*"([^"]+)"', file.read_text(encoding="utf-8"), re.MULTILINE)


_CASES = [
    pytest.param(file, name, id=f"{file.name.removesuffix('.test.js')}: {name}")
    for file in _FILES
    for name in _names(file)
]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The base URL of the script server."""
    with running_script_server(ASSETS) as url:
        yield url


@pytest.fixture(scope="module")
def outcomes(browser: "Browser", server: str) -> Callable[[Path], dict[str, str | None]]:
    """Tells what each test of a file came to, None for good; every file has its own page.

    A file is run when it is first asked for: its time counts to its own tests.
    """

    @cache
    def outcomes_of(file: Path) -> dict[str, str | None]:
        page = browser.new_page()
        page.goto(server)
        told: dict[str, str | None] = page.evaluate(_RUN, f"/js/{file.name}")
        page.close()
        return told

    return outcomes_of


@pytest.mark.parametrize(("file", "name"), _CASES)
def test_script(file: Path, name: str, outcomes: Callable[[Path], dict[str, str | None]]) -> None:
    failure = outcomes(file)[name]

    assert failure is None, failure


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.name)
def test_every_test_that_ran_was_counted(
    file: Path, outcomes: Callable[[Path], dict[str, str | None]]
) -> None:
    assert sorted(outcomes(file)) == sorted(_names(file))
