"""The SSE component of dash-extensions, unmodified, against our stream."""

from typing import TYPE_CHECKING

from dash import Dash, Input, Output, dcc, html
from dash_extensions import SSE
from werkzeug.serving import BaseWSGIServer, make_server

from bench.scripted_model.script import Script
from tests.contract.clients.asked import question, stored_text
from tests.harness.serving import serving
from tests.harness.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Page

_TOKENS = (
    *("A lease", " ", "\n", "data: x", "[DONE]", "\r\n", "\u2028", "\N{WATER WAVE}"),
    *("id: 7", "\n\n", ": keep-alive", "w" * 20_000, "."),
)

# The component hands over all data lines so far, joined: an app reads the JSON values one by one.
_READ_TEXT = """(value, done) => {
    const events = (value || "").split(/(?<=})(?={"type":)/).filter(Boolean).map(JSON.parse);
    const text = events.filter((e) => e.type === "response.output_text.delta");
    return [text.map((e) => e.delta).join(""), done ? events.at(-1).type : "",
            events.map((e) => e.sequence_number).join(",")];
}"""


def _server(stream_url: str, port: int) -> BaseWSGIServer:
    app = Dash("an_app_of_somebody_else")
    app.layout = html.Div(
        [
            SSE(id="sse", url=stream_url, concat=True, options={"method": "GET"}),
            dcc.Store(id="answer"),
            html.Pre(id="text"),
            html.Div(id="end"),
            html.Div(id="numbers"),
        ]
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        _READ_TEXT,
        Output("text", "children"),
        Output("end", "children"),
        Output("numbers", "children"),
        Input("sse", "value"),
        Input("sse", "done"),
    )
    return make_server("127.0.0.1", port, app.server, threaded=True)


def _shown(page: "Page", element: str) -> str:
    text: str = page.evaluate(f"document.getElementById('{element}').textContent")
    return text


def _wait(page: "Page", condition: str) -> None:
    page.wait_for_function(condition, polling=50)


def _begin(stack: Stack, script: Script) -> str:
    """Ask; give the address of the stream."""
    stack.model.script("for-dash", _TOKENS)
    with stack.client() as client:
        response_id = client.start(question(script))["id"]
    return f"{stack.api_url}/v1/responses/{response_id}?stream=true"


def test_the_component_shows_an_answer_while_it_is_written(
    page: "Page", stack: Stack, page_port: int
) -> None:
    script = Script(name="for-dash", gate=("dash", 3))
    stream_url = _begin(stack, script)
    with serving(_server(stream_url, page_port)) as url:
        page.goto(url)
        _wait(page, "document.getElementById('text')?.textContent.length > 0")
        stack.model.wait(script.id, "held")

        assert "".join(_TOKENS).startswith(_shown(page, "text"))
        stack.model.open_gate("dash")
        _wait(page, "document.getElementById('end').textContent !== ''")

        response_id = stream_url.rpartition("/")[2].partition("?")[0]
        assert _shown(page, "text") == "".join(_TOKENS) == stored_text(stack, response_id)
        assert _shown(page, "end") == "response.completed"


def test_the_component_hears_every_event_of_a_finished_answer_once(
    page: "Page", stack: Stack, page_port: int
) -> None:
    stream_url = _begin(stack, Script(name="for-dash"))
    with stack.client() as client:
        response_id = stream_url.rpartition("/")[2].partition("?")[0]
        with client.follow(response_id) as stream:
            count = len(stream.to_end().events)

    with serving(_server(stream_url, page_port)) as url:
        page.goto(url)
        _wait(page, "document.getElementById('end')?.textContent === 'response.completed'")

        assert _shown(page, "numbers").split(",") == [str(n) for n in range(count)]
        assert _shown(page, "text") == "".join(_TOKENS)
