"""Makes the demo corpus' vectors anew, with our own embeddings endpoint. Takes some minutes.

Usage: .venv/bin/python scripts/corpus_vectors.py
"""

import os
import subprocess
import sys
import time

from millstream_embedded.corpus_documents import VECTORS, corpus_documents
from millstream_embedded.http_probe import answers_ok
from millstream_embedded.ports import LOOPBACK, choose_free_port
from millstream_embedded.settings import LOCAL_EMBEDDINGS_ENDPOINT
from millstream_embedded.shipped_vectors import ShippedVectors
from millstream_worker.embeddings import Embeddings
from millstream_worker.ingesting.chunker import text_to_embed
from millstream_worker.workspace import open_workspace


def main() -> None:
    """Embed what has no vector yet; vectors of text that is gone are dropped."""
    texts = [
        text_to_embed(document.title, chunk)
        for document in corpus_documents()
        for chunk in document.chunks()
    ]
    old = ShippedVectors.read(VECTORS) if VECTORS.exists() else None
    known = {text: vector for text in texts if old and (vector := old.find(text))}
    missing = [text for text in texts if text not in known]
    print(f"{len(texts)} passages, {len(missing)} to embed")
    if missing:
        known |= dict(zip(missing, _embed(missing), strict=True))
    dimensions = len(next(iter(known.values())))
    ShippedVectors.of(LOCAL_EMBEDDINGS_ENDPOINT, dimensions, known.items()).write(VECTORS)


def _embed(texts: list[str]) -> list[tuple[float, ...]]:
    port = choose_free_port(set())
    os.environ["DATABRICKS_HOST"] = f"http://{LOOPBACK}:{port}"
    os.environ["DATABRICKS_TOKEN"] = "ours"
    models = subprocess.Popen(
        [sys.executable, "-m", "millstream_models"],
        env={**os.environ, "MILLSTREAM_MODELS_PORT": str(port)},
    )
    try:
        while not answers_ok(port, "/.well-known/databricks-config")():
            time.sleep(0.1)
        workspace = open_workspace(timeout_seconds=300, connections=1)
        embeddings = Embeddings(workspace.api_client, LOCAL_EMBEDDINGS_ENDPOINT)
        made: list[tuple[float, ...]] = []
        for start in range(0, len(texts), 20):
            batch = texts[start : start + 20]
            made += [tuple(vector) for vector in embeddings.embed_passages(batch)]
            print(f"{len(made)} of {len(texts)}", flush=True)
        return made
    finally:
        models.terminate()
        models.wait()


if __name__ == "__main__":
    main()
