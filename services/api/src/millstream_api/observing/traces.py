"""The span of a question being accepted."""

from contextlib import AbstractContextManager

from flask import has_request_context, request

from millstream_contract.tracing import Span, Tracing, is_traceparent


def accepting(tracing: Tracing) -> AbstractContextManager[Span]:
    """Return the span of a question being accepted: the first of its trace, or the caller's next.

    The caller's ``traceparent`` header is joined as it is, with its wish to be sampled or not.
    """
    return tracing.span("accept", parent=_callers_traceparent(), kind="server")


def _callers_traceparent() -> str | None:
    if not has_request_context():
        return None
    given = request.headers.get("traceparent")
    return given if is_traceparent(given) else None
