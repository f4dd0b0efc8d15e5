"""The SSE component of dash-extensions, unmodified, against our stream."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from dash import Dash, Input, Output, dcc, html
from dash_extensions import SSE
from werkzeug.serving import make_server

from bench.scripted_model.client import ScriptedModel
from tests.harness.api_client import ApiClient
from tests.harness.ports import free_port
from tests.harness.postgres import PostgresServer
from tests.harness.services import Service, start_api
from tests.harness.stack import Backends
from tests.harness.valkey import ValkeyServer
from tests.integration.api.scribe import Scribe

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


@pytest.fixture(scope="module")
def app_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def api(
    postgres: PostgresServer,
    migrated_template: str,
    valkey: ValkeyServer,
    scripted_model: ScriptedModel,
    app_port: int,
) -> Iterator[tuple[Service, Backends]]:
    """An API that lets the app's page call it, without a worker."""
    origin = {"MILLSTREAM_CORS_ORIGINS": f"http://127.0.0.1:{app_port}"}
    with (
        postgres.temporary_database(migrated_template) as database_url,
        valkey.temporary_database() as redis_url,
    ):
        backends = Backends(database_url, redis_url, scripted_model, origin)
        service = start_api(backends.settings())
        yield service, backends
        service.process.stop(30)


@contextmanager
def _served(app: Dash, port: int) -> Iterator[str]:
    server = make_server("127.0.0.1", port, app.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _app(stream_url: str) -> Dash:
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
    return app


def _shown(page: "Page", element: str) -> str:
    text: str = page.evaluate(f"document.getElementById('{element}').textContent")
    return text


def _wait(page: "Page", condition: str) -> None:
    page.wait_for_function(condition, polling=50)


def _ask(api: tuple[Service, Backends], scribes: list[Scribe]) -> tuple[str, Callable[[], Scribe]]:
    service, backends = api
    with ApiClient(service.url) as client:
        response_id = client.start("What is a lease?")["id"]

    def claim() -> Scribe:
        scribes.append(Scribe(backends.database_url, backends.redis_url, response_id))
        return scribes[-1]

    return f"{service.url}/v1/responses/{response_id}?stream=true", claim


@pytest.fixture
def scribes() -> Iterator[list[Scribe]]:
    made: list[Scribe] = []
    yield made
    for scribe in made:
        scribe.__exit__(None, None, None)


def test_the_component_shows_an_answer_while_it_is_written(
    page: "Page", api: tuple[Service, Backends], app_port: int, scribes: list[Scribe]
) -> None:
    stream_url, claim = _ask(api, scribes)
    with _served(_app(stream_url), app_port) as url:
        page.goto(url)
        _wait(page, "document.getElementById('numbers')?.textContent.startsWith('0')")
        scribe = claim()

        scribe.write(*_TOKENS[:3])
        _wait(page, "document.getElementById('text').textContent.length > 0")
        scribe.write(*_TOKENS[3:])
        scribe.finish()
        _wait(page, "document.getElementById('end').textContent !== ''")

        assert _shown(page, "text") == "".join(_TOKENS)
        assert _shown(page, "end") == "response.completed"


def test_the_component_hears_every_event_of_a_finished_answer_once(
    page: "Page", api: tuple[Service, Backends], app_port: int, scribes: list[Scribe]
) -> None:
    stream_url, claim = _ask(api, scribes)
    scribe = claim()
    scribe.write(*_TOKENS)
    scribe.finish()

    with _served(_app(stream_url), app_port) as url:
        page.goto(url)
        _wait(page, "document.getElementById('end')?.textContent === 'response.completed'")

        assert _shown(page, "numbers").split(",") == [str(n) for n in range(len(scribe.frames))]
        assert _shown(page, "text") == "".join(_TOKENS)
