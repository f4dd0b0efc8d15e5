"""The page's own feeder and renderer beside dash-extensions' SSE component, on the same stream."""

import logging
from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, html
from dash_extensions import SSE
from werkzeug.serving import make_server

from bench.page.meter import Meter
from bench.page.paced import tokens
from millstream_ui.app import ASSETS
from tests.harness.serving import serving
from tests.unit.ui.script_server import running_script_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser

RATE = 200
ANSWERS = 20
_ANSWER_TOKENS = 400
_PATIENCE_MILLISECONDS = 120_000
_GIVEN_UP_MILLISECONDS = 5_000

_OURS = """async (url) => {
    const { followAnswer } = await import("/assets/running-answer.js");
    const { StreamedMarkdown } = await import("/assets/streamed-markdown.js");
    const view = new StreamedMarkdown({ citationLabel: () => "" });
    document.body.replaceChildren(view.element);
    const passages = new Set();
    let events = 0;
    await followAnswer("resp_paced", {
        api: {
            stream: (id, cursor, signal) =>
                fetch(cursor < 0 ? url : `${url}&starting_after=${cursor}`, { signal }),
        },
        signal: new AbortController().signal,
        onConnection() {},
        onEvent: () => (events += 1),
        onAnswer: (answer) => view.update(answer.text, passages),
    });
    view.end();
    return { events, text: view.source };
}"""
_READ = """(value, done) => {
    const events = (value || "").split(/(?<=})(?={"type":)/).filter(Boolean).map(JSON.parse);
    window.heard = events.length;
    const deltas = events.filter((one) => one.type === "response.output_text.delta");
    return [deltas.map((one) => one.delta).join(""), done ? "done" : ""];
}"""
_ENDED = "() => document.getElementById('end')?.textContent === 'done'"


def measure_ours(browser: "Browser", stream: str, count: int) -> dict[str, Any]:
    """Measure the scripts in `assets/`."""
    with running_script_server(ASSETS) as url:
        page = browser.new_page()
        page.set_default_timeout(_PATIENCE_MILLISECONDS)
        page.goto(url)
        meter = Meter(page)
        heap = meter.heap_megabytes()
        meter.begin()
        got = page.evaluate(_OURS, f"{stream}?tokens={count}&rate={RATE}")
        result: dict[str, Any] = meter.read(count)
        result["heap_mb_before"] = heap
        result["heap_mb_after"] = meter.heap_megabytes()
        result["text_equal"] = got["text"] == "".join(tokens(count))
        for _ in range(ANSWERS):
            page.evaluate(_OURS, f"{stream}?tokens={_ANSWER_TOKENS}")
        result[f"heap_mb_after_{ANSWERS}_more"] = meter.heap_megabytes()
        cut = page.evaluate(_OURS, f"{stream}?tokens={count}&cut={count // 2}")
        result["events_of_a_cut_stream"] = f"{cut['events']} of {count + 2}"
        page.close()
    return result


def measure_component(browser: "Browser", stream: str, count: int) -> dict[str, Any]:
    """Measure the component with one browser-side callback that joins the deltas."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with serving(make_server("127.0.0.1", 0, _app().server, threaded=True)) as url:
        page = browser.new_page()
        page.set_default_timeout(_PATIENCE_MILLISECONDS)
        page.goto(url)
        page.wait_for_selector("#text", state="attached")
        meter = Meter(page)
        heap = meter.heap_megabytes()
        meter.begin()
        listen = "url => dash_clientside.set_props('sse', { url })"

        def hear(address: str) -> None:
            page.evaluate("dash_clientside.set_props('end', { children: '' })")
            page.evaluate(listen, address)
            page.wait_for_function(_ENDED, polling=250)

        hear(f"{stream}?tokens={count}&rate={RATE}")
        result: dict[str, Any] = meter.read(count)
        result["heap_mb_before"] = heap
        result["heap_mb_after"] = meter.heap_megabytes()
        shown = page.evaluate("document.getElementById('text').textContent")
        result["text_equal"] = shown == "".join(tokens(count))
        for number in range(ANSWERS):
            hear(f"{stream}?tokens={_ANSWER_TOKENS}&number={number}")
        result[f"heap_mb_after_{ANSWERS}_more"] = meter.heap_megabytes()
        page.evaluate(listen, f"{stream}?tokens={count}&cut={count // 2}")
        page.wait_for_timeout(_GIVEN_UP_MILLISECONDS)
        result["events_of_a_cut_stream"] = f"{page.evaluate('heard')} of {count + 2}"
        page.close()
    return result


def _app() -> Dash:
    app = Dash("bench_page")
    options = {"method": "GET"}
    app.layout = html.Div(
        [SSE(id="sse", concat=True, options=options), html.Pre(id="text"), html.Div(id="end")]
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        _READ,
        Output("text", "children"),
        Output("end", "children"),
        Input("sse", "value"),
        Input("sse", "done"),
    )
    return app
