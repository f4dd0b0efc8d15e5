"""Time to the first token and from token to token, over the queue and in process, in turns."""

from collections.abc import Callable
from typing import Any, Final

from bench.figures import percentile, summary
from bench.in_process import InProcess
from bench.scripted_model.script import Script
from bench.stream_client import Seen, ask
from tests.harness.stack import Stack

_TOKENS: Final = 20
_WORDS: Final = "words-of-the-bench"
_PACED: Final = 100
_RATE: Final = 50.0
_PACED_ANSWERS: Final = 3


def measure(stack: Stack, in_process: InProcess, answers: int) -> dict[str, Any]:
    """Return both times in milliseconds, and what the queue adds."""
    for _ in range(5):
        ask(stack.api_url, _question())
        in_process.answer(_question())
    pairs = [
        (
            ask(stack.api_url, _question()).first_token_ms,
            in_process.answer(_question()).first_token_ms,
        )
        for _ in range(answers)
    ]
    queue, direct = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return {
        "over_the_queue_ms": summary(queue),
        "in_process_ms": summary(direct),
        "added_p50_ms": round(percentile(queue, 0.5) - percentile(direct, 0.5), 2),
        "ratio_p50": round(percentile(queue, 0.5) / percentile(direct, 0.5), 2),
        "token_delay": _token_delay(stack, in_process),
    }


def _token_delay(stack: Stack, in_process: InProcess) -> dict[str, Any]:
    """Return how long a token takes from the model's socket to who reads it."""
    stack.model.script(_WORDS, [f" word{number}" for number in range(_PACED)])
    queue: list[float] = []
    direct: list[float] = []
    for _ in range(_PACED_ANSWERS):
        queue += _delays(stack, lambda asked: ask(stack.api_url, asked))
        direct += _delays(stack, in_process.answer)
    return {
        "tokens_per_second": _RATE,
        "over_the_queue_ms": summary(queue),
        "in_process_ms": summary(direct),
        "added_p50_ms": round(percentile(queue, 0.5) - percentile(direct, 0.5), 2),
    }


def _delays(stack: Stack, answer: Callable[[str], Seen]) -> list[float]:
    script = Script(name=_WORDS, rate=_RATE, timed=True)
    read_at = answer(f"What is a log? {script.directive()}").deltas_at
    (call,) = stack.model.streams(script.id)
    sent_at = call.sent_at or []
    assert len(sent_at) == len(read_at) == _PACED
    return [(read - sent) / 1000 for sent, read in zip(sent_at, read_at, strict=True)]


def _question() -> str:
    return f"What is a log? {Script(tokens=_TOKENS, seed=1).directive()}"
