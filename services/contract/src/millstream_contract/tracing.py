"""Traces: where the time of one answer goes, from its request over the queue to its viewers.

Off unless OpenTelemetry's own variables say otherwise; then nothing of it is imported, and a span
is a method call. The ledger keeps each response's place in its trace (``traceparent``, as W3C Trace
Context writes it), so that an attempt after a lost worker joins the same trace.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final, Literal, Protocol

Kind = Literal["internal", "server", "consumer", "client"]
Attributes = Mapping[str, str | int | float | bool]

_TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class Span(Protocol):
    """A part of a trace."""

    traceparent: str | None
    """What a later part needs to know to join; None when traces are off."""

    def note(self, **attributes: str | int | float | bool) -> None:
        """Add attributes; ``a__b`` is written a.b."""

    def event(self, name: str) -> None:
        """Note that something happened now."""

    def fail(self, reason: str) -> None:
        """Mark it as failed. The reason must be a word of ours, never what a user or model said."""


class Tracing(Protocol):
    """Makes spans."""

    def span(
        self,
        name: str,
        *,
        parent: str | None = None,
        kind: Kind = "internal",
        attributes: Attributes | None = None,
        begun_at: float | None = None,
    ) -> AbstractContextManager[Span]:
        """Return a span that lasts as long as its block.

        parent: a traceparent; None begins a trace. begun_at: seconds since 1970, None for now.
        """

    def close(self) -> None:
        """Send what was not sent yet, for some seconds at most."""


class _NoSpan:
    traceparent: str | None = None

    def note(self, **attributes: str | int | float | bool) -> None:
        pass

    def event(self, name: str) -> None:
        pass

    def fail(self, reason: str) -> None:
        pass


class NoTracing:
    """Traces are off."""

    _nothing: Final[AbstractContextManager[Span]] = nullcontext(_NoSpan())

    def span(
        self,
        name: str,
        *,
        parent: str | None = None,
        kind: Kind = "internal",
        attributes: Attributes | None = None,
        begun_at: float | None = None,
    ) -> AbstractContextManager[Span]:
        """Return a block around which nothing happens."""
        return self._nothing

    def close(self) -> None:
        """There is nothing to send."""


def is_traceparent(text: str | None) -> bool:
    """Tell whether a text is a traceparent that can be joined."""
    return text is not None and _TRACEPARENT.fullmatch(text) is not None


def trace_id_of(traceparent: str | None) -> str | None:
    """Return the trace's id, 32 hexadecimal digits, or None when there is none."""
    return traceparent.split("-")[1] if traceparent and is_traceparent(traceparent) else None


def traces_are_on(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell what OpenTelemetry's variables say. Raises ValueError naming one that cannot be obeyed.

    On when an exporter (OTEL_TRACES_EXPORTER: otlp, console) or an address to send to is named;
    off with none of them, and by OTEL_TRACES_EXPORTER=none or OTEL_SDK_DISABLED=true.
    """
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true" or exporter == "none":
        return False
    if exporter not in ("", "otlp", "console"):
        raise ValueError(f"OTEL_TRACES_EXPORTER must be otlp, console or none, not {exporter!r}")
    names = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    if not exporter and not any(environment.get(name) for name in names):
        return False
    for name in ("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"):
        if environment.get(name, "http/protobuf") not in ("", "http/protobuf"):
            raise ValueError(f"{name} must be http/protobuf, not {environment[name]!r}")
    return True


def open_tracing(part: str) -> Tracing:
    """Return what makes the spans of a part ("api", "worker"); make it after fork, and close it.

    Raises ValueError, see ``traces_are_on``.
    """
    if not traces_are_on():
        return NoTracing()
    from millstream_contract.open_telemetry import OpenTelemetry

    return OpenTelemetry(f"millstream-{part}")


class AnswerTrace:
    """The spans of one attempt: each within the one that is open. For one thread at a time."""

    def __init__(self, tracing: Tracing, whole: Span) -> None:
        """Put spans below ``whole``."""
        self._tracing = tracing
        self._open = [whole]

    @property
    def whole(self) -> Span:
        """The span of the attempt."""
        return self._open[0]

    @contextmanager
    def span(self, name: str, kind: Kind = "internal") -> Iterator[Span]:
        """Within the block, a part of the attempt goes on."""
        with self._tracing.span(name, parent=self._open[-1].traceparent, kind=kind) as span:
            self._open.append(span)
            try:
                yield span
            finally:
                self._open.pop()


def untraced() -> AnswerTrace:
    """Return a trace that nobody keeps."""
    return AnswerTrace(NoTracing(), _NoSpan())
