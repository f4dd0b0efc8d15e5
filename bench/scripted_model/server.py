"""The HTTP rim: the Databricks Model Serving protocol, and the control of tests."""

import asyncio
import time
from typing import Any

from aiohttp import web

from bench.scripted_model.chat import answer_chat
from bench.scripted_model.embeddings import embed
from bench.scripted_model.journal import STATES, Journal

JOURNAL = web.AppKey("journal", Journal)
DIMENSION = web.AppKey("dimension", int)


def create_app(dimension: int) -> web.Application:
    """Build the application; must be called inside the running loop."""
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app[JOURNAL] = Journal()
    app[DIMENSION] = dimension
    app.add_routes(
        [
            web.get("/.well-known/databricks-config", _config),
            web.post("/serving-endpoints/chat/completions", _chat),
            web.post("/serving-endpoints/{name}/invocations", _invocations),
            web.get("/control/streams", _streams),
            web.get("/control/wait", _wait),
            web.post("/control/gate", _gate),
            web.post("/control/let-go", _let_go),
            web.post("/control/script", _script),
        ]
    )
    return app


async def _config(_: web.Request) -> web.Response:
    return web.json_response({})


async def _chat(request: web.Request) -> web.StreamResponse:
    return await answer_chat(request, await request.json(), request.app[JOURNAL])


async def _invocations(request: web.Request) -> web.StreamResponse:
    body: dict[str, Any] = await request.json()
    if "messages" in body:
        body = {**body, "model": request.match_info["name"]}
        return await answer_chat(request, body, request.app[JOURNAL])
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    vectors = [
        {"object": "embedding", "index": index, "embedding": embed(text, request.app[DIMENSION])}
        for index, text in enumerate(texts)
    ]
    words = sum(len(text.split()) for text in texts)
    usage = {"prompt_tokens": words, "total_tokens": words}
    name = request.match_info["name"]
    return web.json_response(
        {
            "object": "list",
            "model": name,
            "data": vectors,
            "usage": usage,
            "created": int(time.time()),
        }
    )


async def _streams(request: web.Request) -> web.Response:
    found = request.app[JOURNAL].calls(request.query.get("question_contains", ""))
    return web.json_response([call.as_json() for call in found])


async def _wait(request: web.Request) -> web.Response:
    state = request.query.get("state", "started")
    known = next((name for name in STATES if name == state), None)
    if known is None:
        raise web.HTTPBadRequest(text=f"state must be one of {', '.join(STATES)}, not {state!r}")
    contains = request.query.get("question_contains", "")
    count = int(request.query.get("count", "1"))
    try:
        async with asyncio.timeout(float(request.query.get("timeout", "10"))):
            found = await request.app[JOURNAL].wait(contains, known, count)
    except TimeoutError:
        seen = [call.as_json() for call in request.app[JOURNAL].calls(contains)]
        return web.json_response({"seen": seen}, status=408)
    return web.json_response([call.as_json() for call in found])


async def _gate(request: web.Request) -> web.Response:
    body = await request.json()
    request.app[JOURNAL].open_gate(str(body["name"]))
    return web.json_response(body)


async def _let_go(request: web.Request) -> web.Response:
    request.app[JOURNAL].let_go()
    return web.json_response({})


async def _script(request: web.Request) -> web.Response:
    body = await request.json()
    request.app[JOURNAL].named_scripts[str(body["name"])] = [str(t) for t in body["tokens"]]
    return web.json_response({"name": body["name"]})
