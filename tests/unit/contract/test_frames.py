"""A frame: an event as bytes, on one line of JSON, whatever its text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millstream_contract.errors import BadFrame
from millstream_contract.events import Event, OutputTextDelta, final_event
from millstream_contract.frames import (
    DONE,
    KEEP_ALIVE,
    Frame,
    decode_event,
    encode_frame,
    last_frame,
    sequence_number_of,
    split_frames,
)
from millstream_contract.objects import ResponseObject

AWKWARD = [
    "\n",
    " ",
    "",
    "\r\n",
    "\r",
    "\t",
    "data: x",
    "[DONE]",
    "\n\ndata: [DONE]\n\n",
    "id: 7\n",
    "\N{GRINNING FACE}",
    "\x85",
    "\u2028",
    "\u2029",
    "\x0b\x0c\x1c\x1d\x1e",
    "\x00",
    '"',
    "\\",
    "\\n",
    ',"type":"response.completed"',
    "é",
    "e\u0301",
    "\ufeff",
    "\ufffd",
    "w" * 20_000,
]


def delta(text: str) -> OutputTextDelta:
    return OutputTextDelta(item_id="msg_1", output_index=1, delta=text)


def final(status: str) -> Event:
    return final_event(
        ResponseObject.model_validate(
            {"id": "resp_1", "created_at": 1, "status": status, "background": False, "model": "m"}
        )
    )


@pytest.mark.parametrize("text", AWKWARD)
def test_an_awkward_token_comes_back_as_it_was(text: str) -> None:
    assert decode_event(encode_frame(delta(text), 3))["delta"] == text


@given(st.text(), st.integers(0, 10**9))
def test_any_text_comes_back_as_it_was(text: str, number: int) -> None:
    event = decode_event(encode_frame(delta(text), number))

    assert (event["delta"], event["sequence_number"]) == (text, number)


@given(st.text())
def test_a_frame_is_two_lines_and_a_blank_one_for_every_way_to_split_lines(text: str) -> None:
    data = encode_frame(delta(text), 12).data

    lines = data.decode().splitlines()
    assert lines == data.decode().removesuffix("\n").split("\n")
    assert lines[0] == "id: 12"
    assert lines[1].startswith('data: {"type":"response.output_text.delta","sequence_number":12,')
    assert lines[2:] == [""]
    assert b"\n\n" not in data[:-2]


@given(st.lists(st.one_of(st.text(), st.sampled_from(AWKWARD[:-1])), max_size=8), st.integers(0))
def test_joined_frames_are_split_into_the_same_frames(texts: list[str], first: int) -> None:
    first %= 10**9
    frames = [encode_frame(delta(text), first + n) for n, text in enumerate(texts)]

    assert list(split_frames(b"".join(frame.data for frame in frames))) == frames


@pytest.mark.parametrize(
    "data",
    [
        b"id: 1\ndata: {}",
        b"data: {}\n\n",
        DONE,
        KEEP_ALIVE,
        b"id: -1\ndata: {}\n\n",
        b"id: \n\n",
        b"id: x\n\n",
        b"id: 1 \ndata: {}\n\n",
        b"\n\n",
        "id: \N{ARABIC-INDIC DIGIT ONE}\n\n".encode(),
        b"id: " + b"9" * 5000 + b"\n\n",
    ],
)
def test_what_is_not_frames_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(BadFrame):
        list(split_frames(data))


def test_no_bytes_are_no_frames() -> None:
    assert list(split_frames(b"")) == []


@pytest.mark.parametrize("body", [b"", b"data: [1]\n\n", b"data: {\n\n", b"data: \xff\n\n"])
def test_a_frame_without_an_event_is_refused_by_name(body: bytes) -> None:
    with pytest.raises(BadFrame):
        decode_event(Frame(1, b"id: 1\n" + body))


def test_the_number_of_joined_frames_is_that_of_the_first() -> None:
    data = encode_frame(delta("a"), 41).data + encode_frame(delta("b"), 42).data

    assert sequence_number_of(data) == 41


@pytest.mark.parametrize("status", ["completed", "failed", "incomplete", "cancelled"])
def test_the_last_frame_of_a_stream_is_known_without_decoding_it(status: str) -> None:
    assert encode_frame(final(status), 9).is_final


@pytest.mark.parametrize("text", [*AWKWARD, 'data: {"type":"response.completed"'])
def test_no_text_makes_a_frame_look_like_the_last(text: str) -> None:
    assert not encode_frame(delta(text), 9).is_final


def test_a_status_that_is_not_final_has_no_final_event() -> None:
    with pytest.raises(ValueError, match="resp_1 is in_progress"):
        final("in_progress")


@given(st.lists(st.text(), min_size=1), st.integers(0, 10**6))
def test_the_last_of_joined_frames_is_found_from_their_end(texts: list[str], first: int) -> None:
    frames = [encode_frame(delta(text), first + n) for n, text in enumerate(texts)]

    assert last_frame(b"".join(frame.data for frame in frames)) == frames[-1]


@pytest.mark.parametrize("data", [b"", b"id: 1\ndata: {}", b"id: 1\ndata: {}\n\ndata: {}\n\n"])
def test_bytes_whose_last_frame_is_none_are_refused_by_name(data: bytes) -> None:
    with pytest.raises(BadFrame):
        last_frame(data)
