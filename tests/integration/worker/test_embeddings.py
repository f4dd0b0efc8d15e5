"""Vectors come over one kept connection, and endpoints that refuse input_type are served too."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient

from bench.scripted_model.client import ScriptedModel
from bench.scripted_model.embeddings import embed
from millstream_worker.embeddings import Embeddings
from millstream_worker.model_errors import ModelRefused, ModelUnavailable
from millstream_worker.workspace import open_workspace


def workspace(url: str, monkeypatch: pytest.MonkeyPatch) -> WorkspaceClient:
    monkeypatch.setenv("DATABRICKS_HOST", url)
    monkeypatch.setenv("DATABRICKS_TOKEN", "token")
    return open_workspace(timeout_seconds=5, connections=2)


class Endpoint(ThreadingHTTPServer):
    """A serving endpoint that refuses fields it does not know, or answers with one status."""

    daemon_threads = True

    def __init__(self, status: int = 200) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = status
        self.bodies: list[dict[str, Any]] = []
        self.connections: set[int] = set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Endpoint

    def do_GET(self) -> None:
        self._reply(200, {})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)
        self.server.connections.add(self.client_address[1])
        if self.server.status != 200:
            self._reply(self.server.status, {"error_code": "X", "message": "no"})
        elif "input_type" in body:
            self._reply(400, {"error_code": "BAD_REQUEST", "message": "unknown field"})
        else:
            rows = [{"index": n, "embedding": [n]} for n in range(len(body["input"]))]
            self._reply(200, {"data": rows[::-1]})

    def _reply(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        return None


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def url_of(endpoint: Endpoint) -> str:
    return f"http://127.0.0.1:{endpoint.server_address[1]}"


def test_vectors_of_many_passages_keep_their_order(
    scripted_model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"text number {n}" for n in range(45)]
    embeddings = Embeddings(workspace(scripted_model.url, monkeypatch).api_client, "e")

    assert embeddings.embed_passages(texts) == [embed(text, 384) for text in texts]
    assert embeddings.embed_query("a log") == embed("a log", 384)
    assert embeddings.embed_passages([]) == []


def test_a_refused_input_type_is_left_out_from_then_on(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    embeddings = Embeddings(workspace(url_of(endpoint), monkeypatch).api_client, "e", batch_texts=2)

    assert embeddings.embed_passages(["a", "b", "c"]) == [[0.0], [1.0], [0.0]]
    assert ["input_type" in body for body in endpoint.bodies] == [True, False, False]
    assert len(endpoint.connections) == 1


def test_an_input_type_that_must_be_said_is_said_although_refused(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = workspace(url_of(endpoint), monkeypatch).api_client
    embeddings = Embeddings(api, "e", input_type="send")

    with pytest.raises(ModelRefused):
        embeddings.embed_query("a")
    assert endpoint.bodies == [{"input": ["a"], "input_type": "query"}]


@pytest.mark.parametrize(
    ("status", "error"), [(403, ModelRefused), (404, ModelRefused), (500, ModelUnavailable)]
)
def test_errors_say_whether_a_retry_can_help(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, status: int, error: type[Exception]
) -> None:
    endpoint.status = status
    api = workspace(url_of(endpoint), monkeypatch).api_client

    with pytest.raises(error):
        Embeddings(api, "e", input_type="omit").embed_query("a")
