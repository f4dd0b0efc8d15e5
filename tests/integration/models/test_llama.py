"""llama.cpp itself: what closing an answer, or giving up on the load, does to it."""

import asyncio
import subprocess
import sys
from contextlib import aclosing

import httpx
import pytest

from millstream_models.errors import EndpointUnavailable
from millstream_models.llama import LlamaEngine
from millstream_models.payloads import ChatRequest, Message
from millstream_models.settings import Settings
from millstream_models.smollm2 import SmolLM2Endpoint
from tests.harness.deadlines import scaled

SETTINGS = Settings(llama_slots=2)
TOKENS_ASKED = 1500
# A loop that the small model does not leave before its length limit.
ENDLESS = ChatRequest(
    messages=[
        Message(role="user", content="Go on."),
        Message(role="assistant", content="very " * 60),
    ],
    max_tokens=TOKENS_ASKED,
    temperature=0.0,
)

# On one processor llama.cpp's own threads come last, when what they are asked for may be over.
LOADS = 6
LOAD_AND_CLOSE = f"""
import asyncio, os
from millstream_models.llama import LlamaEngine
from millstream_models.settings import Settings

async def load_and_close():
    engine = LlamaEngine(Settings(llama_slots=2))
    await engine.address()
    await engine.close()

os.sched_setaffinity(0, {{min(os.sched_getaffinity(0))}})
for _ in range({LOADS}):
    asyncio.run(load_and_close())
    print("closed", flush=True)
"""


async def wait_until_busy(engine: LlamaEngine, count: int) -> None:
    """Poll llama.cpp's own slots; pytest's timeout is the limit."""
    headers = {"Authorization": f"Bearer {engine.api_key}"}
    url = f"{await engine.address()}/serving-endpoints/slots"
    async with httpx.AsyncClient(headers=headers, timeout=None) as client:
        while True:
            slots = (await client.get(url)).json()
            if sum(slot["is_processing"] for slot in slots) == count:
                return


def test_closing_an_answer_frees_llamas_slot_and_no_other() -> None:
    async def scenario() -> None:
        engine = LlamaEngine(SETTINGS)
        endpoint = SmolLM2Endpoint(engine, SETTINGS)
        async with aclosing(endpoint.generate(ENDLESS)) as staying:
            async with aclosing(endpoint.generate(ENDLESS)) as leaving:
                await anext(staying)
                await anext(leaving)
                await wait_until_busy(engine, 2)

            # Both go to the same length: one alone can be done only because it was closed.
            await wait_until_busy(engine, 1)
            assert isinstance(await anext(staying), str)
        await wait_until_busy(engine, 0)
        await endpoint.close()
        await engine.close()

    asyncio.run(scenario())


def test_callers_at_the_same_time_share_one_load_and_one_may_leave() -> None:
    async def scenario() -> None:
        engine = LlamaEngine(SETTINGS)
        leaving, staying = (asyncio.create_task(engine.address()) for _ in range(2))
        await asyncio.sleep(0)

        leaving.cancel()

        assert await staying == await engine.address()
        await engine.close()

    asyncio.run(scenario())


def test_a_model_that_is_closed_as_soon_as_it_is_loaded_is_gone() -> None:
    # In a process of its own: one that hangs in llama.cpp has no thread that could end it.
    argv = [sys.executable, "-c", LOAD_AND_CLOSE]

    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=False, timeout=scaled(90))

    assert (done.returncode, done.stdout.split()) == (0, ["closed"] * LOADS)


def test_llamas_listener_answers_only_this_process() -> None:
    async def scenario() -> None:
        engine = LlamaEngine(SETTINGS)
        address = await engine.address()
        async with httpx.AsyncClient(timeout=60) as stranger:
            answer = await stranger.post(f"{address}/serving-endpoints/chat/completions", json={})

        assert address.startswith("http://127.0.0.1:")
        assert answer.status_code == 401
        await engine.close()

    asyncio.run(scenario())


def test_a_model_that_is_gone_is_an_error_that_a_retry_may_help(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone() -> None:
        raise FileNotFoundError("no .gguf file found")

    async def scenario() -> None:
        engine = LlamaEngine(SETTINGS)
        with monkeypatch.context() as patch:
            patch.setattr("millstream_models.llama.find_model", gone)
            with pytest.raises(EndpointUnavailable, match="file found"):
                await engine.address()

        assert await engine.address()
        await engine.close()

    asyncio.run(scenario())
