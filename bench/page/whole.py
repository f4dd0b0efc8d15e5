"""The whole page in front of the whole product: what a long answer costs, and what twenty leave."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from bench.page.meter import Meter
from bench.scripted_model.script import Script
from tests.e2e.ui.chat_page import ChatPage
from tests.harness.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_ANSWERS = 20
_ANSWER_TOKENS = 400
_RATE = 200
_PATIENCE_MILLISECONDS = 120_000
_COUNT_FRAMES = """() => {
    window.gaps = [];
    let before = performance.now();
    const next = (now) => {
        gaps.push(now - before);
        before = now;
        requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
}"""


def measure_page(browser: "Browser", stack: Stack, url: str, count: int) -> dict[str, Any]:
    """Ask one long question, and twenty shorter ones behind it, in one conversation."""
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    context.set_default_timeout(_PATIENCE_MILLISECONDS)
    chat = ChatPage(context.new_page(), url).open()
    traffic = _Traffic(chat, stack.api_url)
    chat.ask(f"What is a lease? {Script(tokens=5).directive()}").wait_until("completed")
    meter = Meter(chat.page)
    heap = meter.heap_megabytes()
    traffic.clear()
    chat.page.evaluate(_COUNT_FRAMES)
    meter.begin()
    script = Script(tokens=count, seed=2, rate=_RATE)
    chat.ask(f"What is a lease? {script.directive()}").wait_until("completed")
    result: dict[str, Any] = meter.read(count)
    gaps = sorted(chat.page.evaluate("gaps"))
    result["frame_gap_ms_p50"] = round(gaps[len(gaps) // 2])
    result["frame_gap_ms_p99"] = round(gaps[len(gaps) * 99 // 100])
    result["text_equal"] = chat.shown()[-1]["text"] == script.text
    chat.page.wait_for_timeout(2_000)  # the list of conversations, and the end of the stream
    result["requests"] = dict(traffic.requests)
    result["bytes_received"] = traffic.received
    result["bytes_of_text"] = len(script.text.encode("utf-8", "surrogatepass"))
    result["heap_mb_before"] = heap
    result["heap_mb_after"] = meter.heap_megabytes()
    for number in range(_ANSWERS):
        short = Script(tokens=_ANSWER_TOKENS, seed=100 + number)
        chat.ask(f"What is a lease? {short.directive()}").wait_until("completed")
    result[f"heap_mb_after_{_ANSWERS}_more"] = meter.heap_megabytes()
    result["nodes_after"] = meter.nodes()
    context.close()
    return result


class _Traffic:
    """Requests to the API by kind, and bytes that came back."""

    def __init__(self, chat: ChatPage, api_url: str) -> None:
        self.requests: Counter[str] = Counter()
        self.received = 0
        self._api_url = api_url
        self._ours: set[str] = set()
        devtools = chat.page.context.new_cdp_session(chat.page)
        devtools.send("Network.enable")
        devtools.on("Network.requestWillBeSent", self._sent)
        devtools.on("Network.dataReceived", self._data)

    def clear(self) -> None:
        self.requests.clear()
        self.received = 0

    def _sent(self, event: dict[str, Any]) -> None:
        request = event["request"]
        if not request["url"].startswith(self._api_url):
            return
        self._ours.add(event["requestId"])
        path = request["url"].removeprefix(f"{self._api_url}/v1/").split("?")[0].split("/")
        self.requests[f"{request['method']} {path[0]}"] += 1

    def _data(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self._ours:
            self.received += event["encodedDataLength"] or event["dataLength"]
