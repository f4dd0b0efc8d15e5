"""How long a question takes to be accepted, and then to be picked up by an idle worker."""

import time
from typing import Any

import httpx

from bench.figures import summary
from bench.scripted_model.script import Script
from tests.harness.deadlines import eventually
from tests.harness.stack import Stack


def measure(stack: Stack, answers: int) -> dict[str, Any]:
    """Return milliseconds: POST until its reply, and accepted until claimed."""
    accepted, queued = [], []
    with httpx.Client(base_url=stack.api_url, timeout=30, trust_env=False) as http:
        for _ in range(answers):
            body = {"input": f"What is a log? {Script(tokens=3).directive()}", "background": True}
            begun = time.perf_counter()
            reply = http.post("/v1/responses", json=body)
            accepted.append((time.perf_counter() - begun) * 1000)
            queued.append(_queue_ms(http, reply.raise_for_status().json()["id"]))
    return {"accepted_ms": summary(accepted), "picked_up_ms": summary(queued)}


def _queue_ms(http: httpx.Client, response_id: str) -> float:
    found: dict[str, Any] = {}

    def ended() -> bool:
        found.update(http.get(f"/v1/responses/{response_id}").json())
        return bool(found["status"] == "completed")

    eventually("the answer to end", ended, 20)
    return float(found["millstream"]["timings"]["queue_ms"])
