"""Time to the first token, over the queue and in process, taken in turns."""

import time
from typing import Any

import httpx

from bench.figures import percentile, summary
from bench.in_process import InProcess
from bench.scripted_model.script import Script
from tests.harness.stack import Stack

_TOKENS = 20


def measure(stack: Stack, in_process: InProcess, answers: int) -> dict[str, Any]:
    """Return both times in milliseconds, and what the queue adds."""
    with httpx.Client(base_url=stack.api_url, timeout=60, trust_env=False) as http:
        for _ in range(3):
            _over_queue_ms(http)
            in_process.first_token_ms(_question())
        pairs = [
            (_over_queue_ms(http), in_process.first_token_ms(_question())) for _ in range(answers)
        ]
    queue, direct = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return {
        "over_the_queue_ms": summary(queue),
        "in_process_ms": summary(direct),
        "added_p50_ms": round(percentile(queue, 0.5) - percentile(direct, 0.5), 2),
        "ratio_p50": round(percentile(queue, 0.5) / percentile(direct, 0.5), 2),
    }


def _over_queue_ms(http: httpx.Client) -> float:
    body = {"input": _question(), "stream": True}
    begun = time.perf_counter()
    first = None
    with http.stream("POST", "/v1/responses", json=body) as response:
        for line in response.iter_lines():
            if first is None and line.startswith('data: {"type":"response.output_text.delta"'):
                first = time.perf_counter()
    assert first is not None, "no token came"
    return (first - begun) * 1000


def _question() -> str:
    return f"What is a log? {Script(tokens=_TOKENS, seed=1).directive()}"
