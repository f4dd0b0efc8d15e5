"""The frames of a response as the chunks of a chat completion."""

import json
from typing import Any

from millstream_api.completions import CompletionStream
from millstream_contract.events import AttemptReset, Event, OutputTextDelta, final_event
from millstream_contract.frames import DONE, KEEP_ALIVE, encode_frame
from millstream_contract.objects import IncompleteDetails, ResponseError, ResponseObject, Usage
from millstream_contract.opening import opening_frames
from tests.unit.worker.rows import claimed_row

ROW = claimed_row()
RESET = AttemptReset(attempt=2, reason="another worker starts over")


def delta(text: str) -> Event:
    return OutputTextDelta(item_id="msg_1", output_index=0, delta=text)


def final(status: str = "completed", **changes: Any) -> Event:
    ended: ResponseObject = ROW.as_object().model_copy(update={"status": status, **changes})
    return final_event(ended)


def chunks(*events: Event, with_usage: bool = False) -> list[dict[str, Any]]:
    """Translate a stream that begins with its opening, in pieces of one frame and of many."""
    translate = CompletionStream(ROW, with_usage=with_usage)
    opening = opening_frames(ROW)
    sent = translate(b"".join(frame.data for frame in opening))
    for at, event in enumerate(events, start=len(opening)):
        sent += translate(encode_frame(event, at).data)
    return [json.loads(part.removeprefix(b"data: ")) for part in sent.split(b"\n\n") if part]


def text_of(sent: list[dict[str, Any]]) -> str:
    choices = [choice for chunk in sent for choice in chunk.get("choices", ())]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


def test_the_text_arrives_piece_by_piece_and_the_end_says_why() -> None:
    sent = chunks(delta("a \u2028"), delta("file"), final())

    assert sent[0]["choices"][0]["delta"]["role"] == "assistant"
    assert text_of(sent) == "a \u2028file"
    assert sent[-1]["choices"][0]["finish_reason"] == "stop"
    assert {chunk["id"] for chunk in sent} == {ROW.id}
    assert not any("usage" in chunk for chunk in sent)


def test_the_usage_comes_in_a_chunk_of_its_own_when_it_is_wanted() -> None:
    usage = Usage(input_tokens=7, output_tokens=2, total_tokens=9)

    sent = chunks(delta("x"), final(usage=usage), with_usage=True)

    assert [chunk["usage"] for chunk in sent[:-1]] == [None] * (len(sent) - 1)
    assert sent[-1]["choices"] == []
    counted = sent[-1]["usage"]
    assert (counted["prompt_tokens"], counted["completion_tokens"]) == (7, 2)


def test_an_answer_at_its_limit_ends_for_its_length() -> None:
    details = IncompleteDetails(reason="max_output_tokens")

    sent = chunks(delta("x"), final("incomplete", incomplete_details=details))

    assert sent[-1]["choices"][0]["finish_reason"] == "length"


def test_a_failure_and_a_stop_are_errors() -> None:
    error = ResponseError(code="model_unavailable", message="Away.")

    assert chunks(final("failed", error=error))[-1]["error"]["code"] == "model_unavailable"
    assert chunks(delta("x"), final("cancelled"))[-1]["error"]["code"] == "cancelled"


def test_an_attempt_that_says_the_same_again_is_seen_once() -> None:
    sent = chunks(delta("a "), delta("fi"), RESET, delta("a f"), delta("ile"), final())

    assert text_of(sent) == "a file"
    assert sent[-1]["choices"][0]["finish_reason"] == "stop"


def test_an_attempt_that_says_something_else_ends_the_stream_with_an_error() -> None:
    other = chunks(delta("a file"), RESET, delta("a q"), delta("ueue"), final())
    shorter = chunks(delta("a file"), RESET, delta("a f"), final())

    for sent in (other, shorter):
        assert text_of(sent) == "a file"
        assert sent[-1]["error"]["code"] == "answer_restarted"


def test_comments_and_the_closing_mark_pass() -> None:
    translate = CompletionStream(ROW, with_usage=False)

    assert translate(KEEP_ALIVE) == KEEP_ALIVE
    assert translate(DONE) == DONE
