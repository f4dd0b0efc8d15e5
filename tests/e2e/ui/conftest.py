"""The page of the shared stack, and a reader in front of it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.e2e.ui.chat_page import ChatPage
from tests.harness.services import Service
from tests.harness.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="session")
def site(stack: Stack) -> Iterator[Service]:
    """The UI server of the shared stack."""
    with stack.ui() as service:
        yield service


@pytest.fixture
def chat(page: "Page", site: Service) -> ChatPage:
    """A new chat in a fresh browser profile."""
    return ChatPage(page, site.url).open()
