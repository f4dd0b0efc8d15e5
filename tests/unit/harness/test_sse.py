import json

import pytest

from tests.harness.sse import Comment, Done, Item, StreamEvent, StrictReader, WireError
from tests.harness.transcript import BrokenStream, Transcript


def frame(number: int, kind: str = "response.output_text.delta", **body: object) -> bytes:
    event = {"type": kind, "sequence_number": number, **body}
    return f"id: {number}\ndata: {json.dumps(event)}\n\n".encode()


def delta(number: int, text: str) -> bytes:
    return frame(number, delta=text)


def final(number: int) -> bytes:
    return frame(number, "response.completed", response={"id": "resp_1"})


def read(data: bytes) -> list[Item]:
    return list(StrictReader().feed(data))


def seen(data: bytes) -> Transcript:
    transcript = Transcript()
    for item in read(data):
        transcript.add(item)
    return transcript


def test_events_comments_and_the_end_are_told_apart() -> None:
    event, comment, done = read(delta(7, "a") + b": keep-alive\n\n" + b"data: [DONE]\n\n")

    assert isinstance(event, StreamEvent)
    assert (event.number, event.body["delta"]) == (7, "a")
    assert comment == Comment("keep-alive")
    assert isinstance(done, Done)


def test_a_stream_may_be_torn_at_any_byte() -> None:
    data = delta(0, "\N{GRINNING FACE}\n") + delta(1, "b")

    for cut in range(len(data)):
        reader = StrictReader()
        items = [*reader.feed(data[:cut]), *reader.feed(data[cut:])]
        assert items == read(data)
        assert reader.torn == b""


@pytest.mark.parametrize(
    "data",
    [
        b'event: x\nid: 0\ndata: {"type":"x","sequence_number":0}\n\n',
        b'data: {"type":"x","sequence_number":0}\n\n',
        b'id: 0\r\ndata: {"type":"x","sequence_number":0}\r\n\r\n\n\n',
        b'id: 00\ndata: {"type":"x","sequence_number":0}\n\n',
        b'id: -1\ndata: {"type":"x","sequence_number":-1}\n\n',
        b'id: 1\ndata: {"type":"x","sequence_number":0}\n\n',
        b'id: 0\ndata: {"sequence_number":0,"type":"x"}\n\n',
        b'id: 0\ndata: {"type":"x",\ndata: "sequence_number":0}\n\n',
        b"id: 0\ndata: {broken}\n\n",
        b'id: 0\ndata: {"type":"\xff","sequence_number":0}\n\n',
        b'\nid: 0\ndata: {"type":"x","sequence_number":0}\n\n',
        b"data: [DONE]\n\n: keep-alive\n\n",
        b"retry: 100\n\n",
    ],
)
def test_bytes_beside_the_protocol_are_an_error(data: bytes) -> None:
    with pytest.raises(WireError):
        read(data)


def test_the_text_is_that_of_the_latest_attempt() -> None:
    transcript = seen(
        delta(0, "lost") + frame(1, "millstream.attempt.reset") + delta(2, "a") + delta(3, "b")
    )

    assert transcript.text == "ab"
    assert transcript.deltas == ["lost", "a", "b"]


def test_a_transcript_goes_on_over_connections() -> None:
    transcript = seen(delta(0, "a") + delta(1, "b"))

    for item in read(delta(2, "c") + final(3) + b"data: [DONE]\n\n"):
        transcript.add(item)

    assert (transcript.text, transcript.cursor, transcript.done) == ("abc", 3, True)
    assert transcript.final["id"] == transcript.response_id == "resp_1"


@pytest.mark.parametrize(
    "data",
    [
        delta(0, "a") + delta(2, "b"),
        delta(0, "a") + delta(0, "a"),
        delta(1, "a") + delta(0, "a"),
        final(0) + delta(1, "b"),
        delta(0, "a") + b"data: [DONE]\n\n",
        delta(0, "a") + frame(1, "response.output_text.done", text="b"),
    ],
)
def test_a_broken_promise_is_an_error(data: bytes) -> None:
    with pytest.raises(BrokenStream):
        seen(data)


def test_a_stream_without_an_end_has_no_final_response() -> None:
    with pytest.raises(BrokenStream, match="no final event"):
        _ = seen(delta(0, "a")).final
