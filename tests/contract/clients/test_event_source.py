"""The browser's own EventSource: it reconnects by itself, with Last-Event-ID."""

import http.server
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from bench.scripted_model.script import Script
from tests.contract.clients.asked import question, stored_text
from tests.harness.proxy import TcpProxy
from tests.harness.serving import serving
from tests.harness.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Page

_LISTEN = """(url) => {
    window.events = [];
    window.opened = 0;
    const source = new EventSource(url);
    source.onopen = () => { window.opened += 1; };
    source.onmessage = (message) => {
        if (message.data === "[DONE]") { source.close(); window.done = true; return; }
        window.events.push(JSON.parse(message.data));
    };
}"""
_TEXT = """() => window.events
    .filter((event) => event.type === "response.output_text.delta")
    .map((event) => event.delta).join("")"""


class _EmptyPage(http.server.BaseHTTPRequestHandler):
    """A page of somebody else."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>A page</title>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def page_url(page_port: int) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", page_port), _EmptyPage)
    with serving(server) as url:
        yield url


@pytest.fixture
def wire(stack: Stack) -> Iterator[TcpProxy]:
    """A connection to the API that a test cuts."""
    with TcpProxy(int(stack.api_url.rpartition(":")[2])) as proxy:
        yield proxy


@pytest.mark.parametrize("start", ["", "&starting_after=2"])
def test_an_event_source_that_was_cut_goes_on_where_it_was(
    start: str, page: "Page", page_url: str, stack: Stack, wire: TcpProxy
) -> None:
    gate = f"cut{start}".replace("&", "-").replace("=", "-")
    script = Script(tokens=60, seed=3, gate=(gate, 30))
    with stack.client() as client:
        response_id = client.start(question(script))["id"]
    # A cursor is one of an answer that has begun; and who waits in line may hear more than events.
    stack.model.wait(script.id, "held")
    page.goto(page_url)
    page.evaluate(
        _LISTEN, f"http://127.0.0.1:{wire.port}/v1/responses/{response_id}?stream=true{start}"
    )
    page.wait_for_function("window.events.length > 12", polling=50)

    wire.cut()
    stack.model.open_gate(gate)
    wire.restore()
    page.wait_for_function("window.done", polling=50)

    text = page.evaluate(_TEXT)
    numbers = page.evaluate("window.events.map((event) => event.sequence_number)")
    assert text == script.text == stored_text(stack, response_id)
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert numbers[0] == (3 if start else 0)
    assert page.evaluate("window.opened") == 2
