"""The checker of the chaos runs sees what it is there to see."""

from typing import Any

from tests.chaos.witness import Witness
from tests.harness.sse import Done, StreamEvent

KNOWN = "one two three"


def event(number: int, kind: str, **body: Any) -> StreamEvent:
    return StreamEvent(number, kind, {"type": kind, "sequence_number": number, **body})


def delta(number: int, text: str) -> StreamEvent:
    return event(number, "response.output_text.delta", delta=text)


def final(number: int, text: str, status: str = "completed") -> StreamEvent:
    part = {"type": "output_text", "text": text}
    output = [{"type": "message", "content": [part]}]
    body = {"id": "resp_1", "status": status, "output": output}
    return event(number, f"response.{status}", response=body)


def reset(number: int) -> StreamEvent:
    return event(number, "millstream.attempt.reset", attempt=2)


def seen(*items: StreamEvent | Done) -> Witness:
    witness = Witness(KNOWN)
    for at, item in enumerate(items):
        witness.add(item, float(at))
    return witness


def problems(witness: Witness) -> tuple[int, int, int]:
    return witness.lost, witness.doubled, len(witness.wrong)


def test_a_whole_stream_has_nothing_wrong() -> None:
    witness = seen(delta(0, "one "), delta(1, "two three"), final(2, KNOWN), Done())

    assert problems(witness) == (0, 0, 0)
    assert witness.ended
    assert witness.done


def test_events_left_out_are_lost() -> None:
    assert problems(seen(delta(0, "one "), delta(3, "two "))) == (2, 0, 0)


def test_an_event_that_comes_again_is_doubled() -> None:
    assert problems(seen(delta(0, "one "), delta(0, "one "))) == (0, 1, 0)


def test_an_event_after_the_end_is_doubled() -> None:
    witness = seen(delta(0, KNOWN), final(1, KNOWN), delta(2, "four"))

    assert problems(witness) == (0, 1, 0)


def test_a_text_that_is_no_prefix_is_wrong() -> None:
    assert problems(seen(delta(0, "one "), delta(1, "three"))) == (0, 0, 1)


def test_a_completed_answer_that_is_cut_short_is_wrong() -> None:
    assert problems(seen(delta(0, "one "), final(1, "one "))) == (0, 0, 1)


def test_a_cancelled_answer_may_be_cut_short() -> None:
    witness = seen(delta(0, "one "), final(1, "one ", "incomplete"))

    assert problems(witness) == (0, 0, 0)


def test_a_final_text_that_was_not_shown_is_wrong() -> None:
    assert problems(seen(delta(0, "one "), final(1, "two ", "incomplete"))) == (0, 0, 1)


def test_the_end_mark_without_an_end_is_wrong() -> None:
    assert problems(seen(delta(0, "one "), Done())) == (0, 0, 1)


def test_a_reset_retracts_the_text() -> None:
    witness = seen(delta(0, "one "), reset(1), delta(2, KNOWN), final(3, KNOWN))

    assert problems(witness) == (0, 0, 0)
    assert witness.text == KNOWN


def test_only_a_reset_may_leave_numbers_out() -> None:
    witness = seen(delta(0, "one "), reset(1000), delta(1001, "one "), delta(1003, "two "))

    assert problems(witness) == (1, 0, 0)
    assert witness.jumps == 1


def test_an_event_that_differs_from_the_stored_one_is_wrong() -> None:
    stored = seen(delta(0, "one "), delta(1, "two three"), final(2, KNOWN))
    viewer = seen(delta(0, "one "), delta(1, "two "), delta(2, "three"), final(3, KNOWN))

    viewer.compare(stored)

    assert problems(viewer) == (0, 0, 3)


def test_a_viewer_that_comes_after_a_jump_begins_with_the_reset() -> None:
    stored = seen(reset(1000), delta(1001, KNOWN), final(1002, KNOWN))

    stored.compare(stored)

    assert problems(stored) == (0, 0, 0)


def test_a_viewer_that_jumped_is_compared_from_there() -> None:
    stored = seen(reset(1000), delta(1001, KNOWN), final(1002, KNOWN))
    viewer = seen(delta(0, "one "), reset(1000), delta(1001, KNOWN), final(1002, KNOWN))

    viewer.compare(stored)

    assert problems(viewer) == (0, 0, 0)
