"""A viewer gets every frame once, in order, whatever comes by which way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from millstream_contract.errors import BadFrame
from millstream_contract.events import AttemptReset, OutputTextDelta, final_event
from millstream_contract.frames import Frame, encode_frame
from millstream_contract.objects import ResponseObject
from millstream_contract.token_log.following import Follower, Hole, LiveBatch

LENGTH = 24

SAID = OutputTextDelta(item_id="m", output_index=0, delta="a\n\nid: 7\n")


def _stream() -> list[Frame]:
    response = ResponseObject(
        id="resp_1", created_at=1, status="completed", background=False, model="m"
    )
    texts = ("\n\n", "data: x", "", "\u2028", "word")
    deltas = [
        encode_frame(OutputTextDelta(item_id="m", output_index=0, delta=texts[n % 5]), n)
        for n in range(LENGTH - 1)
    ]
    return [*deltas, encode_frame(final_event(response), LENGTH - 1)]


STREAM = _stream()


def joined(first: int, last: int) -> bytes:
    return b"".join(frame.data for frame in STREAM[first : last + 1])


class Following(RuleBasedStateMachine):
    """The log grows; appends are published, and messages come late, twice or never."""

    def __init__(self) -> None:
        super().__init__()
        self.logged = 0
        self.published: list[bytes] = []
        self.start = -1
        self.follower = Follower(self.start)
        self.delivered = b""

    @rule(cursor=st.integers(-1, LENGTH - 1))
    def a_viewer_comes_with_a_cursor(self, cursor: int) -> None:
        self.start = cursor
        self.follower = Follower(cursor)
        self.delivered = b""

    @rule(count=st.integers(1, 6), is_heard=st.booleans())
    def frames_are_appended(self, count: int, is_heard: bool) -> None:
        frames = STREAM[self.logged : self.logged + count]
        if frames and is_heard:
            self.published.append(b"".join(frame.data for frame in frames))
        self.logged += len(frames)

    @rule(data=st.data())
    def a_message_comes(self, data: st.DataObject) -> None:
        if not self.published:
            return
        message = data.draw(st.sampled_from(self.published))
        batch = LiveBatch.of_message(message)
        taken = self.follower.take_live(batch)
        if isinstance(taken, Hole):
            assert batch.first > self.follower.cursor + 1
        else:
            self.delivered += taken

    @rule(cursor=st.integers(-1, LENGTH), limit=st.integers(0, 8))
    def the_log_is_read(self, cursor: int, limit: int) -> None:
        cursor = min(cursor, self.follower.cursor)
        frames = STREAM[cursor + 1 : min(cursor + 1 + limit, self.logged)]
        self.delivered += self.follower.take_logged(frames)

    @invariant()
    def what_was_delivered_is_the_stream_behind_the_cursor_once_and_in_order(self) -> None:
        assert self.delivered == joined(self.start + 1, self.follower.cursor)

    @invariant()
    def it_is_finished_when_the_last_frame_was_delivered(self) -> None:
        assert self.follower.finished == (
            self.follower.cursor == LENGTH - 1 and self.start < LENGTH - 1
        )


TestFollowing = Following.TestCase


@given(st.integers(0, LENGTH - 1), st.integers(0, LENGTH - 1))
def test_a_batch_knows_its_numbers_and_whether_it_ends_the_stream(one: int, other: int) -> None:
    first, last = sorted((one, other))

    batch = LiveBatch.of_message(joined(first, last))

    assert (batch.first, batch.last, batch.ends_stream) == (first, last, last == LENGTH - 1)


@pytest.mark.parametrize("data", [b"", b"id: 5\n", b"data: x\n\n", STREAM[0].data[:-1]])
def test_a_message_that_is_no_frames_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(BadFrame):
        LiveBatch.of_message(data)


def test_a_hole_is_said_and_delivers_nothing() -> None:
    follower = Follower(2)

    assert follower.take_live(LiveBatch.of_message(joined(4, 6))) is Hole.HOLE
    assert follower.cursor == 2


def test_a_stored_stream_ends_wherever_the_cursor_stands() -> None:
    behind, ahead = Follower(LENGTH - 3), Follower(10**9)

    assert behind.take_stored(joined(0, LENGTH - 1)) == joined(LENGTH - 2, LENGTH - 1)
    assert ahead.take_stored(joined(0, LENGTH - 1)) == b""
    assert behind.finished
    assert ahead.finished


@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(1, 5)), max_size=3),
    st.integers(-1, 30),
)
def test_a_stored_stream_gives_what_its_frames_would_give_one_by_one(
    parts: list[tuple[int, bool, int]], cursor: int
) -> None:
    # Given a stream, whole or with holes, some of which are behind what takes all back
    frames: list[Frame] = []
    number = 0
    for left_out, is_reset, count in parts:
        number += left_out
        for place in range(count):
            event = AttemptReset(attempt=2, reason="a test") if is_reset and not place else SAID
            frames.append(encode_frame(event, number))
            number += 1

    # When it is taken as the ledger has it, and frame by frame
    stored, one_by_one = Follower(cursor), Follower(cursor)
    taken = stored.take_stored(b"".join(frame.data for frame in frames))

    # Then that is the same
    assert taken == one_by_one.take_logged(frames)
    assert stored.cursor == one_by_one.cursor
    assert stored.finished


@pytest.mark.parametrize("data", [b"id: 5\n", b"data: x\n\n", STREAM[0].data[:-1]])
def test_a_stored_stream_that_is_no_frames_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(BadFrame):
        Follower(-1).take_stored(data)


def test_a_message_may_say_when_it_was_published_and_its_frames_are_the_same() -> None:
    plain = LiveBatch.of_message(joined(4, 6))

    timed = LiveBatch.of_message(b": 1732290000.000250\n" + joined(4, 6))

    assert timed.published_at == 1732290000.00025
    assert (timed.first, timed.last, timed.data) == (plain.first, plain.last, plain.data)


def test_a_time_that_is_none_makes_a_message_bad() -> None:
    with pytest.raises(BadFrame):
        LiveBatch.of_message(b": soon\n" + joined(4, 6))
