"""Chromium for tests of the page; `browser` and `page` are fixtures of tests/conftest.py."""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.harness.deadlines import scaled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

_NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WAIT_MILLISECONDS = 30_000
"""A page without its server looks for it every 10 s, and any process may stand still meanwhile."""


def find_chromium() -> str:
    """Return Chromium's path; without one, skip the test, or fail it where CI is set."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        message = "this test needs Chromium: apt-get install chromium"
        if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
            pytest.fail(message)
        pytest.skip(message)
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """A browser for one module: while it lives, its event loop is in the way of other tests'."""
    from playwright.sync_api import sync_playwright

    path = find_chromium()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture
def context(browser: "Browser") -> Iterator["BrowserContext"]:
    """A fresh profile; its pages share storage, as the tabs of one reader do."""
    fresh = browser.new_context(viewport={"width": 1200, "height": 800})
    fresh.set_default_timeout(scaled(WAIT_MILLISECONDS))
    yield fresh
    fresh.close()


@pytest.fixture
def page(context: "BrowserContext") -> Iterator["Page"]:
    """A tab; a script error in it fails the test."""
    tab = context.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on(
        "console",
        lambda message: (
            errors.append(message.text) if "Content Security Policy" in message.text else None
        ),
    )
    yield tab
    assert errors == []
