"""Spans by OpenTelemetry, sent by OTLP over HTTP. Imported only where traces are on.

The services that trace bring the packages. OpenTelemetry reads its other variables itself: where to
send, headers, sampling (OTEL_TRACES_SAMPLER), batches (OTEL_BSP_*), OTEL_RESOURCE_ATTRIBUTES.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from millstream_contract.log_lines import lines_about
from millstream_contract.tracing import Attributes, Kind, Span, is_traceparent, trace_id_of

_KINDS: Final[dict[Kind, SpanKind]] = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "consumer": SpanKind.CONSUMER,
    "client": SpanKind.CLIENT,
}
_NANOSECONDS: Final = 1_000_000_000
_CLOSE_SECONDS: Final = 3.0
_W3C: Final = TraceContextTextMapPropagator()


class OpenTelemetry:
    """Makes spans and sends them, by a thread of its own."""

    def __init__(self, service_name: str) -> None:
        """Send as the environment says; OTEL_SERVICE_NAME comes before ``service_name``."""
        named = os.environ.get("OTEL_SERVICE_NAME")
        resource = Resource.create({} if named else {"service.name": service_name})
        # Not the global one: libraries that trace by themselves keep out of our traces.
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(_exporter()))
        self._tracer = self._provider.get_tracer("millstream")

    @contextmanager
    def span(
        self,
        name: str,
        *,
        parent: str | None = None,
        kind: Kind = "internal",
        attributes: Attributes | None = None,
        begun_at: float | None = None,
    ) -> Iterator[Span]:
        """Return a span, see Tracing.span."""
        span = self._tracer.start_span(
            name,
            context=_context(parent),
            kind=_KINDS[kind],
            attributes=attributes,
            start_time=None if begun_at is None else int(begun_at * _NANOSECONDS),
        )
        ours = _Span(span)
        try:
            with lines_about(trace_id=trace_id_of(ours.traceparent)):
                yield ours
        except Exception as error:
            # Its type only: its words may be those of a question or a document.
            ours.fail(type(error).__name__)
            raise
        finally:
            span.end()

    def close(self) -> None:
        """Send what was not sent yet; a collector that is away holds nobody up for long."""
        sending = threading.Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        sending.join(_CLOSE_SECONDS)


class _Span:
    def __init__(self, span: OtelSpan) -> None:
        self._span = span
        context = span.get_span_context()
        flags = f"{int(context.trace_flags):02x}"
        self.traceparent: str | None = f"00-{context.trace_id:032x}-{context.span_id:016x}-{flags}"

    def note(self, **attributes: str | int | float | bool) -> None:
        for name, value in attributes.items():
            self._span.set_attribute(name.replace("__", "."), value)

    def event(self, name: str) -> None:
        self._span.add_event(name)

    def fail(self, reason: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR, reason))


def _context(parent: str | None) -> Context:
    # An empty context and not the current one: the parent is what was handed over, or none.
    if not is_traceparent(parent):
        return Context()
    return _W3C.extract({"traceparent": parent or ""}, Context())


def _exporter() -> SpanExporter:
    if os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "console":
        return ConsoleSpanExporter()
    return OTLPSpanExporter()
