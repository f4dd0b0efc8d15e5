"""Frames to append, and what is heard of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from redis import Redis

from millstream_contract.events import OutputTextDelta
from millstream_contract.frames import Frame, encode_frame

TTL_SECONDS = 900
PATIENCE_SECONDS = 3.0
"""So long a client waits here for a reply: longer than a busy machine stands still."""


def frames(first: int, last: int, mark: str = "t") -> list[Frame]:
    return [frame(number, f"{mark}{number}") for number in range(first, last + 1)]


def frame(number: int, text: str) -> Frame:
    return encode_frame(OutputTextDelta(item_id="m", output_index=0, delta=text), number)


@contextmanager
def listening(client: "Redis", channel: str) -> Iterator[Callable[[], bytes]]:
    """Give a function that waits for the next message of the channel."""
    subscription = client.pubsub()  # type: ignore[no-untyped-call]

    def next_message() -> bytes:
        message = subscription.get_message(timeout=5)
        assert message is not None
        return bytes(message["data"])

    with subscription:
        subscription.subscribe(channel)
        assert subscription.get_message(timeout=5)
        yield next_message


def raw(entries: Sequence[Frame]) -> list[tuple[int, bytes]]:
    return [(entry.sequence_number, entry.data) for entry in entries]
