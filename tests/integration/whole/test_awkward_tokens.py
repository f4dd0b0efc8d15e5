"""Any text a model may send arrives exactly: in the stream, in the log, in the ledger."""

import pytest
from redis import Redis

from bench.scripted_model.script import AWKWARD_TOKENS, Script
from millstream_contract.frames import decode_event
from millstream_contract.token_log import TokenLog
from tests.harness.stack import Stack

_LONG_WORD = "w" * 20_480

TOKENS = {
    "line breaks": ["a", "\n", "b", "\n\n", "c\r\nd", "\n"],
    "blanks": [" ", " ", "a", " ", ""],
    "what ends or frames a stream": ["data: x", "[DONE]", "data: [DONE]\n\n", "id: 7", ": c"],
    "an emoji split over two chunks": ["a", "\ud83d", "\ude00", "b"],
    "an emoji whole": ["\U0001f600", "e\u0301"],
    "separators that some clients split at": ["a\u2028b", "\u2029", "\x85", "\x0b\x0c\x1c\x1d\x1e"],
    "a word of 20 KB": ["a ", _LONG_WORD, " b"],
    "all that is awkward": list(AWKWARD_TOKENS),
}
LONE_HALVES = {
    "half an emoji": (["a", "\ud83d", "b"], "a\ufffdb"),
    "half an emoji at the end": (["a", "\ud83d"], "a\ufffd"),
    "the second half alone": (["\ude00", "b"], "\ufffdb"),
    "NUL": (["a\0b"], "a\ufffdb"),
}


@pytest.mark.parametrize("name", TOKENS)
def test_awkward_text_is_exact_in_stream_log_and_ledger(name: str, stack: Stack) -> None:
    tokens = TOKENS[name]
    spelled = "".join(tokens).encode("utf-16-le", "surrogatepass").decode("utf-16-le")

    assert _texts(stack, name, tokens) == dict.fromkeys(("stream", "log", "ledger"), spelled)


@pytest.mark.parametrize("name", LONE_HALVES)
def test_what_no_text_can_hold_is_replaced_everywhere_alike(name: str, stack: Stack) -> None:
    tokens, spelled = LONE_HALVES[name]

    assert _texts(stack, name, tokens) == dict.fromkeys(("stream", "log", "ledger"), spelled)


def _texts(stack: Stack, name: str, tokens: list[str]) -> dict[str, str]:
    script = name.replace(" ", "-")
    stack.model.script(script, tokens)
    question = f"What is awkward? {Script(name=script).directive()}"
    with stack.client() as client:
        with client.stream(question) as stream:
            seen = stream.to_end()
        stored = client.retrieve(seen.response_id)
    return {
        "stream": seen.text,
        "log": _logged(stack, seen.response_id),
        "ledger": stored["output"][-1]["content"][0]["text"],
    }


def _logged(stack: Stack, response_id: str) -> str:
    with Redis.from_url(stack.backends.redis_url) as redis:
        events = [decode_event(frame) for frame in TokenLog(redis).read_all(response_id)]
    return "".join(event["delta"] for event in events if "delta" in event)
