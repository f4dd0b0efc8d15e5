"""A collector of traces: takes OTLP over HTTP, as OpenTelemetry's own does, and keeps the spans."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.harness.serving import serving


@dataclass(frozen=True)
class CollectedSpan:
    """One span, as it was sent. Ids are hexadecimal, times seconds since 1970."""

    service: str
    name: str
    trace_id: str
    id: str
    parent_id: str
    begun: float
    ended: float
    attributes: dict[str, Any] = field(compare=False)
    failed: str = ""
    events: tuple[str, ...] = ()


class Collector:
    """Keeps what was sent. Safe to read while more comes."""

    def __init__(self) -> None:
        self._spans: list[CollectedSpan] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Its address, for OTEL_EXPORTER_OTLP_ENDPOINT."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def take(self, body: bytes) -> None:
        """Keep the spans of one request."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = _attributes(resource.resource.attributes)["service.name"]
            for scope in resource.scope_spans:
                self._spans += [_span(service, span) for span in scope.spans]

    def of_response(self, response_id: str) -> list[CollectedSpan]:
        """Give the spans of all traces that name a response."""
        spans = list(self._spans)
        traces = {
            span.trace_id
            for span in spans
            if span.attributes.get("millstream.response_id") == response_id
        }
        return [span for span in spans if span.trace_id in traces]

    @contextmanager
    def listening(self) -> Iterator["Collector"]:
        """Within the block, it takes requests."""
        with serving(self._server):
            yield self


def _span(service: str, span: Any) -> CollectedSpan:
    return CollectedSpan(
        service,
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.start_time_unix_nano / 1e9,
        span.end_time_unix_nano / 1e9,
        _attributes(span.attributes),
        span.status.message,
        tuple(event.name for event in span.events),
    )


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def _handler(collector: Collector) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if self.path == "/v1/traces":
                collector.take(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            return None

    return Handler
