"""A chat endpoint that answers with the best sentences of the passages in its prompt.

It cannot say what the passages do not say. The same prompt always gives the same text, so an answer
that was cut anywhere is continued exactly.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence

from millstream_models.chat import Finish
from millstream_models.embedder import Embedder
from millstream_models.errors import InvalidRequest
from millstream_models.payloads import ChatRequest
from millstream_models.prompt import Prompt, read_prompt
from millstream_models.relevance import Candidate, choose_sentences, word_overlaps
from millstream_models.sentences import split_sentences

REFUSAL = "The passages do not answer this question."
MOST_CANDIDATES = 24  # each costs some 20 ms before the first token
_PIECE = re.compile(r"\s*\S+|\s+")


class ExtractiveEndpoint:
    """Quotes one or two sentences, each with its source mark `[n]`, or says that none answers."""

    name = "extractive"

    def __init__(self, embedder: Embedder, *, default_max_tokens: int, pieces_per_second: float):
        self._embedder = embedder
        self._default_max_tokens = default_max_tokens
        self._pause_seconds = 1 / pieces_per_second if pieces_per_second else 0.0

    async def generate(self, request: ChatRequest) -> AsyncGenerator[str | Finish]:
        """See ChatEndpoint. Tokens are words here, and temperature has nothing to act on."""
        if (request.response_format or {}).get("type", "text") != "text":
            raise InvalidRequest("response_format: this endpoint only quotes text")
        answer = await self.answer(read_prompt(request.messages))
        rest = cut_at_stops(continuation(answer, request.prefix), request.stop_texts)
        pieces = _PIECE.findall(rest)
        limit = request.token_limit or self._default_max_tokens
        for index, piece in enumerate(pieces[:limit]):
            if index and request.stream:
                await asyncio.sleep(self._pause_seconds)
            yield piece
        yield Finish(
            reason="length" if len(pieces) > limit else "stop",
            prompt_tokens=sum(len(message.content.split()) for message in request.messages),
            completion_tokens=min(len(pieces), limit),
        )

    async def answer(self, prompt: Prompt) -> str:
        """The whole answer to a prompt."""
        candidates = _candidates(prompt)
        if not candidates or not prompt.question:
            return REFUSAL
        [question_vector] = await self._embedder.embed([prompt.question], "query")
        vectors = await self._embedder.embed([c.sentence for c in candidates], "passage")
        chosen = choose_sentences(prompt.question, question_vector, candidates, vectors)
        return " ".join(f"{c.sentence} [{c.number}]" for c in chosen) or REFUSAL


def _candidates(prompt: Prompt) -> list[Candidate]:
    """The sentences worth embedding: all, or those with most of the question's words."""
    everything = [
        Candidate(passage.number, passage.title, sentence)
        for passage in prompt.passages
        for sentence in split_sentences(passage.text)
    ]
    if len(everything) <= MOST_CANDIDATES:
        return everything
    overlaps = word_overlaps(prompt.question, everything)
    ranked = sorted(range(len(everything)), key=lambda i: (-overlaps[i], i))
    return [everything[i] for i in sorted(ranked[:MOST_CANDIDATES])]


def continuation(answer: str, prefix: str) -> str:
    """What follows a prefix; after one of another answer, the whole answer as a new paragraph."""
    if answer.startswith(prefix):
        return answer[len(prefix) :]
    return f"\n\n{answer}"


def cut_at_stops(text: str, stops: Sequence[str]) -> str:
    """The text before the first stop text."""
    return text[: min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))]
