"""The page of the shared stack, and a reader in front of it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser import WAIT_MILLISECONDS
from tests.e2e.ui.chat_page import ChatPage
from tests.harness.deadlines import scaled
from tests.harness.services import Service
from tests.harness.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Page


SUGGESTION = "What is a token log?"

# What a page shows on a busy machine, it may show late.
expect.set_options(timeout=scaled(WAIT_MILLISECONDS))


@pytest.fixture(scope="session")
def site(stack: Stack) -> Iterator[Service]:
    """The UI server of the shared stack."""
    with stack.ui({"MILLSTREAM_UI_SUGGESTIONS": SUGGESTION}) as service:
        yield service


@pytest.fixture
def chat(page: "Page", site: Service) -> ChatPage:
    """A new chat in a fresh browser profile."""
    return ChatPage(page, site.url).open()
