"""Answers that this process writes itself, token by token, in the way of a worker."""

import time

from redis import Redis

from millstream_contract.events import OutputTextDelta, ResponseInProgress, final_event
from millstream_contract.frames import Frame, encode_frame
from millstream_contract.keys import live_channel
from millstream_contract.ledger import Ledger
from millstream_contract.ledger.new_entries import NewResponse
from millstream_contract.opening import opening_frames
from millstream_contract.token_log import TokenLog


class StandingAnswer:
    """A response that is being answered, here."""

    def __init__(self, ledger: Ledger, redis: Redis, owner: str) -> None:
        """Accept and begin it."""
        accepted = ledger.responses.accept(NewResponse(owner, "What is a log?", "m")).row
        row = ledger.responses.claim(accepted.id, 1)
        assert row is not None
        self._row = row
        self._ledger, self._log = ledger, TokenLog(redis)
        self._frames: list[Frame] = []
        self._log.take_over(row.id, 1)
        opening = opening_frames(row)
        in_progress = encode_frame(ResponseInProgress(response=row.as_object()), len(opening))
        self._append([*opening, in_progress])

    @property
    def response_id(self) -> str:
        """Whose stream it is."""
        return self._row.id

    @property
    def path(self) -> str:
        """Where the API streams it."""
        return f"/v1/responses/{self._row.id}?stream=true"

    @property
    def frames(self) -> tuple[Frame, ...]:
        """What was written of it, in order."""
        return tuple(self._frames)

    @property
    def channel(self) -> str:
        """Where Redis publishes it."""
        return live_channel(self._row.id)

    def say(self) -> None:
        """Append a token that says when; its frame has some 230 bytes."""
        delta = f" t={time.monotonic_ns()};"
        event = OutputTextDelta(item_id="msg_of_the_bench", output_index=0, delta=delta)
        self._append([encode_frame(event, len(self._frames))])

    def end(self) -> None:
        """End it, so that nobody takes it for lost."""
        final = self._row.as_object().model_copy(
            update={"status": "completed", "completed_at": time.time()}
        )
        self._append([encode_frame(final_event(final), len(self._frames))])
        self._ledger.responses.finish(final, 1, b"".join(frame.data for frame in self._frames))

    def _append(self, frames: list[Frame]) -> None:
        self._frames += frames
        self._log.append(self._row.id, 1, frames)
