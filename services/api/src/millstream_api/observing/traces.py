"""The API's spans: a question being accepted, and each viewer that is served."""

import time
from contextlib import AbstractContextManager

from flask import has_request_context, request

from millstream_api.relay.ends import OnClose, StreamEnd
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


def relaying(tracing: Tracing, traceparent: str | None, then: OnClose | None) -> OnClose | None:
    """Return what ends the span of a viewer whose stream begins now, and calls ``then``.

    The span is made when the stream has ended: an open one would hold memory for each viewer.
    """
    if traceparent is None:
        return then
    begun = time.time()

    def on_close(response_id: str, end: StreamEnd) -> None:
        with tracing.span("relay", parent=traceparent, begun_at=begun) as span:
            span.note(millstream__response_id=response_id, millstream__end=end.name.lower())
        if then is not None:
            then(response_id, end)

    return on_close
