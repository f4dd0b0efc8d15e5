"""The span of each viewer that is served."""

import time

from millstream_api.relay.ends import OnClose, StreamEnd
from millstream_contract.tracing import Tracing


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
