"""The load test's own eyes: each thing that can go wrong with an answer is seen."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from bench.load.arrivals import live_delays_ms, token_ends
from bench.load.sighting import Sighting
from bench.load.verdict import (
    Verdict,
    compare_streams,
    compare_with_stored,
    delays_ms,
    examine,
)

DONE = b"data: [DONE]\n\n"
TOKENS = ["Hello", " wide", " world"]
TEXT = "".join(TOKENS)
FINAL: dict[str, Any] = {
    "id": "resp_1",
    "status": "completed",
    "output": [{"type": "message", "content": [{"type": "output_text", "text": TEXT}]}],
}


def frame(number: int, kind: str, **fields: Any) -> bytes:
    body = {"type": kind, "sequence_number": number, **fields}
    return f"id: {number}\ndata: {json.dumps(body, separators=(',', ':'))}\n\n".encode()


def whole_stream() -> list[bytes]:
    begun = [
        frame(0, "response.created", response={"id": "resp_1"}),
        frame(1, "response.in_progress", response={"id": "resp_1"}),
    ]
    deltas = [
        frame(number, "response.output_text.delta", delta=token)
        for number, token in enumerate(TOKENS, 2)
    ]
    return [*begun, *deltas, frame(5, "response.completed", response=FINAL), DONE]


def seen(*connections: Sequence[bytes], start: int = -1) -> Sighting:
    sighting, at = Sighting(start), 0.0
    for pieces in connections:
        sighting.connect()
        for piece in pieces:
            at += 1
            sighting.add(piece, at)
    return sighting


def test_a_whole_answer_is_faultless_and_timed() -> None:
    verdict = examine(seen(whole_stream()), TEXT)

    assert (verdict.lost, verdict.doubled, verdict.wrong) == (0, 0, [])
    assert verdict.ended
    assert verdict.begun_at == 2
    assert verdict.token_times == [3, 4, 5]
    assert verdict.first_token_number == 2
    assert verdict.final == FINAL


def test_an_answer_over_several_connections_is_whole_when_each_goes_on_at_the_cursor() -> None:
    frames = whole_stream()
    sighting = seen([*frames[:3], frames[3][:10]], frames[3:])

    assert sighting.cursor == 5
    assert examine(sighting, TEXT).lost == 0
    assert examine(sighting, TEXT).doubled == 0
    assert examine(sighting, TEXT).wrong == []


def test_the_cursor_is_the_last_frame_that_came_whole() -> None:
    frames = whole_stream()

    assert seen([]).cursor == -1
    assert seen([], start=3).cursor == 3
    assert seen([*frames[:3], frames[3][:-1]]).cursor == 2
    assert seen(frames[:3], []).cursor == 2


def test_the_id_and_the_end_are_known_however_the_bytes_are_cut() -> None:
    data = b"".join(whole_stream())
    sighting = seen([data[at : at + 3] for at in range(0, len(data), 3)])

    assert sighting.response_id == "resp_1"
    assert sighting.ended


@pytest.mark.parametrize(
    ("broken", "sign"),
    [
        ([0, 1, 2, 4, 5, 6], "lost"),
        ([0, 1, 2, 3, 3, 4, 5, 6], "doubled"),
        ([0, 1, 3, 2, 4, 5, 6], "lost"),
    ],
)
def test_a_lost_or_doubled_event_is_counted(broken: list[int], sign: str) -> None:
    frames = whole_stream()

    verdict = examine(seen([frames[place] for place in broken]), TEXT)

    assert getattr(verdict, sign) == 1


def test_a_text_that_the_model_did_not_say_is_wrong() -> None:
    assert examine(seen(whole_stream()), TEXT + "!").wrong


def test_a_stream_without_its_final_event_has_not_ended() -> None:
    frames = whole_stream()

    assert not examine(seen([*frames[:5], DONE]), TEXT).ended
    assert not examine(seen(frames[:6]), TEXT).ended


def test_bytes_that_are_no_frames_are_wrong() -> None:
    assert examine(seen([b"event: x\ndata: y\n\n"]), TEXT).wrong


def test_a_stored_answer_that_differs_is_named() -> None:
    assert compare_with_stored(FINAL, dict(FINAL)) == []
    assert len(compare_with_stored(FINAL, {**FINAL, "output": []})) == 1


def faults(verdict: Verdict) -> tuple[int, int, int]:
    return verdict.lost, verdict.doubled, len(verdict.wrong)


def test_a_place_in_line_is_told_beside_the_stream_and_is_no_part_of_it() -> None:
    frames = whole_stream()
    aside = b'data: {"type":"millstream.queue.position","sequence_number":0,"position":3}\n\n'
    sighting = seen([frames[0], aside, *frames[1:]])
    stored = b"".join(frames)

    assert faults(compare_streams(sighting, stored)) == (0, 0, 0)
    assert faults(examine(sighting, TEXT)) == (0, 0, 0)
    assert live_delays_ms(sighting, stored, token_ends(stored), [0, 0, 0]) == []


@pytest.mark.parametrize("cursor", [-1, 0, 3, 5])
def test_a_viewer_who_sees_the_stored_stream_from_its_cursor_is_faultless(cursor: int) -> None:
    frames = whole_stream()
    kept = [b": keep-alive\n\n", *frames[cursor + 1 :]]

    verdict = compare_streams(seen(kept, start=cursor), b"".join(frames))

    assert faults(verdict) == (0, 0, 0)
    assert verdict.ended


def test_a_viewer_who_came_back_is_held_against_the_whole_stored_stream() -> None:
    frames = whole_stream()
    sighting = seen([*frames[:4], frames[4][:7]], frames[4:])

    assert faults(compare_streams(sighting, b"".join(frames))) == (0, 0, 0)


@pytest.mark.parametrize(
    ("places", "counted"),
    [
        ([0, 1, 2, 4, 5, 6], (1, 0, 0)),
        ([0, 1, 2, 3, 3, 4, 5, 6], (0, 1, 0)),
        ([0, 1, 3, 2, 4, 5, 6], (0, 0, 1)),
        ([0, 1, 2, 3, 4, 6], (1, 0, 0)),
    ],
)
def test_a_viewer_who_lost_or_got_twice_or_in_wrong_order_is_seen(
    places: list[int], counted: tuple[int, int, int]
) -> None:
    frames = whole_stream()

    sighting = seen([frames[place] for place in places])

    assert faults(compare_streams(sighting, b"".join(frames))) == counted


def test_a_viewer_who_saw_another_answers_frame_is_seen() -> None:
    frames = whole_stream()
    other = frame(3, "response.output_text.delta", delta="?")

    verdict = compare_streams(seen([*frames[:3], other, *frames[4:]]), b"".join(frames))

    assert faults(verdict) == (1, 0, 1)


def test_delays_are_the_way_of_each_token_or_nothing() -> None:
    assert delays_ms([1.0, 2.0], [900_000, 1_950_000]) == [100.0, 50.0]
    assert delays_ms([1.0], [900_000, 1_950_000]) == []


def test_a_viewers_delays_leave_out_what_was_said_before_it_looked() -> None:
    frames = whole_stream()
    stored = b"".join(frames)
    # The first bytes come at 1 s, and hold two tokens; the third token comes at 2 s.
    sighting = seen([b"".join(frames[:4]), b"".join(frames[4:])])

    found = live_delays_ms(sighting, stored, token_ends(stored), [500_000, 600_000, 1_990_000])

    assert found == [10.0]


def test_a_viewer_from_the_middle_has_delays_of_the_rest() -> None:
    frames = whole_stream()
    stored = b"".join(frames)
    sighting = seen([frames[4], b"".join(frames[5:])], start=3)

    found = live_delays_ms(sighting, stored, token_ends(stored), [0, 0, 1_000_000])

    assert found == [0.0]
