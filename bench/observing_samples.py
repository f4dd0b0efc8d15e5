"""What bench.observing measures with: the end of an answer, and a published message."""

from typing import Final

from millstream_contract.events import OutputTextDelta
from millstream_contract.frames import encode_frame
from millstream_contract.objects import (
    InputTokensDetails,
    MillstreamDetails,
    OutputTokensDetails,
    ResponseObject,
    Timings,
    Usage,
)

FINAL: Final = ResponseObject(
    id="resp_0",
    created_at=0.0,
    status="completed",
    background=False,
    model="bench",
    usage=Usage(
        input_tokens=300,
        input_tokens_details=InputTokensDetails(cached_tokens=0),
        output_tokens=200,
        output_tokens_details=OutputTokensDetails(reasoning_tokens=0),
        total_tokens=500,
    ),
    millstream=MillstreamDetails(
        attempt=1,
        timings=Timings(
            queue_ms=5,
            retrieve_ms=10,
            grade_ms=2,
            model_first_token_ms=50,
            first_token_ms=80,
            total_ms=9000,
        ),
    ),
)

FRAMES: Final = encode_frame(
    OutputTextDelta(item_id="msg_0", output_index=1, delta=" word"), 12
).data
TIMED_FRAMES: Final = b": 1732290000.000250\n" + FRAMES
