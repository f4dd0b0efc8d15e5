"""Log, relay and reader together on a real Valkey: no order of events shows a wrong text.

Writers come and go, Redis forgets, subscriptions break, a viewer overflows, is cut and comes back.
Whatever it has put together is always a beginning of what some attempt has said, and at the end it
is the answer.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis import Redis

from millstream_contract.errors import Fenced
from millstream_contract.events import AttemptReset, Event, OutputTextDelta, final_event
from millstream_contract.frames import decode_event, encode_frame, split_frames
from millstream_contract.identifiers import new_id
from millstream_contract.keys import live_channel
from millstream_contract.objects import OutputMessage, OutputText, ResponseObject
from millstream_contract.token_log import Follower, Hole, LiveBatch, TokenLog

STRIDE = 1_000_000


class Writer:
    """One attempt, which keeps all frames, as the worker's log writer does."""

    def __init__(self, log: TokenLog, response_id: str, attempt: int, text: str) -> None:
        self.log, self.response_id, self.attempt, self.text = log, response_id, attempt, text
        held = log.take_over(response_id, attempt)
        self.frames = list(log.read_all(response_id))
        self.first = self.frames[0].sequence_number if self.frames else 0
        if held.count == 0 and attempt > 1:
            self.first = attempt * STRIDE
            log.take_over(response_id, attempt, least_count=self.first)

    def say(self, *events: Event) -> None:
        start = self.first + len(self.frames)
        self.frames += [encode_frame(event, start + n) for n, event in enumerate(events)]
        self.send(len(self.frames) - len(events))

    def send(self, place: int) -> None:
        reply = self.log.append(self.response_id, self.attempt, self.frames[place:])
        if reply.gap:
            held = self.log.take_over(self.response_id, self.attempt, least_count=self.first)
            self.send(held.count - self.first)


def delta(text: str) -> OutputTextDelta:
    return OutputTextDelta(item_id="m", output_index=0, delta=text)


class Streaming(RuleBasedStateMachine):
    """Bound to a Valkey by the test below."""

    redis: "Redis"

    def __init__(self) -> None:
        super().__init__()
        self.id = new_id("resp")
        self.log = TokenLog(self.redis)
        self.live = self.redis.pubsub()  # type: ignore[no-untyped-call]
        self._subscribe()
        self.said: list[str] = [""]
        """What each line of attempts has said: a new one begins where text was taken back."""
        self.ended = False
        self.old_writers: list[Writer] = []
        self.writer = Writer(self.log, self.id, 1, "")
        self.writer.say(delta(""))
        self.follower = Follower(-1)
        self.shown = ""

    def teardown(self) -> None:
        if not self.ended:
            self.the_answer_ends()
        last = self.writer.frames[-1].sequence_number
        while self.follower.cursor < last:
            frames = self.log.read_after(self.id, self.follower.cursor)
            assert frames, "the viewer cannot come to the end"
            self._show(self.follower.take_logged(frames))
        assert self.shown == self.said[-1]
        self.live.close()

    @precondition(lambda self: not self.ended)
    @rule(
        pieces=st.lists(st.sampled_from(["a", "\n\n", "data: x", "\u2028", "[DONE]"]), min_size=1)
    )
    def the_model_speaks(self, pieces: list[str]) -> None:
        self.said[-1] += "".join(pieces)
        self.writer.say(*map(delta, pieces))

    @precondition(lambda self: not self.ended)
    @rule()
    def the_answer_ends(self) -> None:
        text = OutputText(text=self.said[-1])
        message = OutputMessage(id="m", status="completed", content=(text,))
        response = ResponseObject(
            id=self.id,
            created_at=1,
            status="completed",
            background=False,
            model="m",
            output=(message,),
        )
        self.writer.say(final_event(response))
        self.ended = True

    @rule()
    def redis_forgets_everything_and_the_writer_finds_out(self) -> None:
        self.redis.flushdb()
        self.log.take_over(self.id, self.writer.attempt, least_count=self.writer.first)
        self.writer.send(0)

    @precondition(lambda self: not self.ended)
    @rule(goes_on=st.booleans(), is_flushed=st.booleans())
    def another_attempt_begins(self, goes_on: bool, is_flushed: bool) -> None:
        if is_flushed:
            self.redis.flushdb()
        self.old_writers.append(self.writer)
        self.writer = Writer(self.log, self.id, self.writer.attempt + 1, "")
        if not goes_on or is_flushed:
            self.said.append("")
            self.writer.say(AttemptReset(attempt=self.writer.attempt, reason="a test"))

    @precondition(lambda self: bool(self.old_writers))
    @rule(data=st.data())
    def a_frozen_writer_wakes_up(self, data: st.DataObject) -> None:
        zombie = data.draw(st.sampled_from(self.old_writers))
        late = encode_frame(delta("late"), zombie.first + len(zombie.frames))
        with pytest.raises(Fenced):
            self.log.append(self.id, zombie.attempt, [late])

    @rule(most=st.integers(1, 20))
    def the_viewer_hears_what_was_published(self, most: int) -> None:
        for _ in range(most):
            message: Any = self.live.get_message(ignore_subscribe_messages=True, timeout=0)
            if message is None:
                return
            taken = self.follower.take_live(LiveBatch.of_message(message["data"]))
            if isinstance(taken, Hole):
                self.the_viewer_reads_the_log()
            else:
                self._show(taken)

    @rule()
    def the_viewer_reads_the_log(self) -> None:
        self._show(self.follower.take_logged(self.log.read_after(self.id, self.follower.cursor, 7)))

    @rule()
    def the_viewer_overflows_or_its_subscription_breaks(self) -> None:
        self.live.close()
        self.live = self.redis.pubsub()  # type: ignore[no-untyped-call]
        self._subscribe()

    @rule()
    def the_viewer_is_cut_and_comes_back_with_its_cursor(self) -> None:
        self.follower = Follower(self.follower.cursor)

    @rule()
    def the_viewer_reloads(self) -> None:
        self.follower = Follower(-1)
        self.shown = ""

    @invariant()
    def what_is_shown_was_said(self) -> None:
        assert any(text.startswith(self.shown) for text in self.said)

    def _subscribe(self) -> None:
        self.live.subscribe(live_channel(self.id))
        self.live.get_message(timeout=5)

    def _show(self, data: bytes) -> None:
        for frame in split_frames(data) if data else ():
            event = decode_event(frame)
            if event["type"] == "millstream.attempt.reset":
                self.shown = ""
            self.shown += event.get("delta", "")


def test_no_order_of_events_shows_a_wrong_text(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        Streaming.redis = redis
        run_state_machine_as_test(
            Streaming,
            settings=settings(
                max_examples=150,
                stateful_step_count=40,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
