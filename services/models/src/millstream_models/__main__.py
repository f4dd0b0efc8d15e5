"""Starts the models process: `python -m millstream_models`."""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import FrameType
from typing import NoReturn

import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette

from millstream_models.app import create_app
from millstream_models.embedder import Embedder
from millstream_models.extractive import ExtractiveEndpoint
from millstream_models.llama import LlamaEngine, find_model
from millstream_models.serving import Endpoints
from millstream_models.settings import Settings
from millstream_models.smollm2 import SmolLM2Endpoint


class _Server(uvicorn.Server):
    """Says in one line that it can be called; ends the answers in progress when it stops."""

    def __init__(self, config: uvicorn.Config, announcement: str, on_stop: Callable[[], None]):
        super().__init__(config)
        self._announcement = announcement
        self._on_stop = on_stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(f"{self._announcement}\n")
            sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_stop()
        await super().shutdown(sockets)


def main() -> None:
    """Read the settings, build every part, serve until SIGTERM or Ctrl-C."""
    signal.signal(signal.SIGTERM, _exit)
    signal.signal(signal.SIGINT, _exit)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    settings = _read_settings()
    listener = listen(settings)
    find_model()  # a missing model must stop the start, not the first question
    app, endpoints = build(settings)
    config = uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        access_log=False,
    )
    host, port = listener.getsockname()[:2]
    announcement = f"models ready on http://{host}:{port} ({', '.join(endpoints.tasks)})"

    def stop_answers_after_grace() -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(settings.shutdown_grace_seconds, endpoints.stop)

    _Server(config, announcement, stop_answers_after_grace).run([listener])


def build(settings: Settings) -> tuple[Starlette, Endpoints]:
    """Every part of the process, connected; nothing is loaded before the application starts."""
    embedder = Embedder(
        threads=settings.embedding_threads, cache_entries=settings.embedding_cache_entries
    )
    extractive = ExtractiveEndpoint(
        embedder,
        default_max_tokens=settings.default_max_tokens,
        pieces_per_second=settings.extractive_tokens_per_second,
    )
    engine = LlamaEngine(settings)
    smollm2 = SmolLM2Endpoint(engine, settings)
    endpoints = Endpoints([extractive, smollm2], embedder)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await embedder.load()
        if settings.preload:
            await engine.address()
        yield
        await smollm2.close()
        await engine.close()
        embedder.close()

    return create_app(endpoints, settings, lifespan), endpoints


def _read_settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        faults = [
            f"MILLSTREAM_MODELS_{f['loc'][0]}".upper() + f": {f['msg']}" for f in error.errors()
        ]
        _stop("; ".join(faults))


def listen(settings: Settings) -> socket.socket:
    """The listening socket; ends the process with a message when the address is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family, backlog=128)
    except OSError as error:
        _stop(
            f"cannot listen on {settings.host}:{settings.port} ({error.strerror}); "
            "MILLSTREAM_MODELS_HOST and MILLSTREAM_MODELS_PORT choose another address"
        )
    # Connections inherit it. asyncio sets it too, but not on sockets made like this one (their
    # `proto` is 0), and without it a small answer takes 40 ms more.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _stop(message: str) -> NoReturn:
    raise SystemExit(f"millstream_models: {message}")


def _exit(signal_number: int, _: FrameType | None) -> NoReturn:
    # uvicorn stops cleanly on these signals, then raises them again: the exit code shall be 0.
    raise SystemExit(0)


if __name__ == "__main__":
    main()
