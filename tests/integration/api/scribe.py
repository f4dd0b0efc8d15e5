"""Writes an answer as a worker would, through the contract, at the test's own pace."""

import time
from types import TracebackType
from typing import Self

from redis import Redis

from millstream_contract.events import Event, OutputTextDelta, final_event
from millstream_contract.frames import Frame, encode_frame
from millstream_contract.identifiers import new_id
from millstream_contract.ledger import Ledger, open_pool
from millstream_contract.objects import OutputMessage, OutputText
from millstream_contract.opening import opening_frames
from millstream_contract.token_log import TokenLog


class Scribe:
    """Holds one response as its first attempt."""

    def __init__(self, database_url: str, redis_url: str, response_id: str) -> None:
        self._pool = open_pool(database_url, size=2)
        self._redis = Redis.from_url(redis_url)
        self.ledger = Ledger.of(self._pool)
        self.log = TokenLog(self._redis)
        row = self.ledger.responses.claim(response_id, 1)
        assert row is not None, "somebody else has claimed the response"
        self.row = row
        self.frames = self._taken_over()
        self.text = ""
        self.told_to_stop = False
        self._message_id = new_id("msg")

    def write(self, *pieces: str) -> None:
        """Append one delta for each piece, each published alone."""
        for piece in pieces:
            self.text += piece
            self._append(OutputTextDelta(item_id=self._message_id, output_index=0, delta=piece))

    def lose_the_log(self) -> None:
        """Take from Redis all that it has of the response."""
        for key in self._redis.scan_iter(f"*{self.row.id}*"):
            self._redis.delete(key)

    def send_again(self, frames: int | None = None) -> None:
        """Give the log all frames (or the first so many) again, as a writer that finds it gone."""
        self.log.take_over(self.row.id, 1)
        self.log.append(self.row.id, 1, self.frames[:frames])

    def finish(self, status: str = "completed", *, publish: bool = True) -> None:
        """Store the whole answer, then publish its final frame."""
        part = OutputText(text=self.text)
        message = OutputMessage(id=self._message_id, status="completed", content=(part,))
        final = self.row.as_object((message,)).model_copy(
            update={"status": status, "completed_at": time.time()}
        )
        last = encode_frame(final_event(final), len(self.frames))
        stored = b"".join(frame.data for frame in [*self.frames, last])
        assert self.ledger.responses.finish(final, 1, stored)
        if publish:
            self._append(final_event(final))

    def _taken_over(self) -> list[Frame]:
        """Take the log over, and give what it begins with, as a worker does.

        The API stores a question first and opens its log next: whoever finds it in the ledger may
        come between the two, and what the API then has to say comes too late.
        """
        self.log.take_over(self.row.id, 1)
        frames = list(self.log.read_all(self.row.id))
        if not frames:
            frames = opening_frames(self.row)
            self.log.append(self.row.id, 1, frames)
        return frames

    def _append(self, event: Event) -> None:
        frame = encode_frame(event, len(self.frames))
        self.frames.append(frame)
        told = self.log.append(self.row.id, 1, [frame])
        if told.gap:
            self.log.take_over(self.row.id, 1, anew=True)
            told = self.log.append(self.row.id, 1, self.frames)
        self.told_to_stop = told.stop

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.close()
        self._redis.close()
