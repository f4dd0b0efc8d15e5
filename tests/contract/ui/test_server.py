"""The page's own server, as browsers use it."""

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.harness.services import Service, start_ui

_TABS = 7
_AHEAD_OF_NEED = 6
"""A browser opens up to so many connections before it has a request for them."""


@pytest.fixture(scope="module")
def site() -> Iterator[Service]:
    """A page server whose API is away."""
    service = start_ui("http://127.0.0.1:9", {})
    yield service
    service.process.stop()


def test_connections_that_say_nothing_keep_nobody_waiting(site: Service) -> None:
    port = int(site.url.rsplit(":", 1)[1])
    with ExitStack() as ends:
        silent = [
            ends.enter_context(socket.create_connection(("127.0.0.1", port)))
            for _ in range(_TABS * _AHEAD_OF_NEED)
        ]

        answer = httpx.get(f"{site.url}/healthz", timeout=30, trust_env=False)

        assert answer.status_code == httpx.codes.OK
        # None of them had to be given up for it.
        closed, _, _ = select.select(silent, [], [], 0)
        assert closed == []
