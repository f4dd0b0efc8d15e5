"""Grading: which of the passages that were found are close enough to answer from.

Pure. Measured on the demo models: the search's own figures tell relevant passages from random
ones (cosine: AUC 0.97 and above); the small chat model's opinion is noise (AUC 0.43 to 0.51).
"""

from collections.abc import Sequence
from typing import Final

from millstream_contract.objects import Passage
from millstream_worker.answering.content_words import stems
from millstream_worker.answering.sentences import best_sentences

_E5_MIN_COSINE: Final = 0.82
_ANY_MIN_COSINE: Final = 0.25


def default_min_cosine(embeddings_endpoint: str) -> float:
    """Return the least cosine of a passage worth keeping, by what is known of the endpoint.

    Models of the e5 family put even unrelated texts above 0.7; at 0.82, with a shared word, 17 of
    17 right passages were kept and 94 % of random ones dropped. Others spread wider, and no one
    number is right for all: there, the shared word decides, and only the plainly unrelated fall.
    """
    return _E5_MIN_COSINE if "e5" in embeddings_endpoint.lower() else _ANY_MIN_COSINE


def helpful(query: str, found: Sequence[Passage], min_cosine: float) -> list[Passage]:
    """Return the passages that are near enough and share a word with the query, as found.

    A query without any content word ("what is this?") is graded by its cosine alone.
    """
    wanted = stems(query)
    return [
        passage
        for passage in found
        if passage.score >= min_cosine and (not wanted or wanted & _words_of(passage))
    ]


def shortened(
    query: str, passages: Sequence[Passage], max_passages: int, max_characters: int
) -> list[Passage]:
    """Return the first ``max_passages``, numbered from 1, together within ``max_characters``.

    Long ones are cut to their best sentences; what short ones leave goes to the later ones.
    """
    wanted = stems(query)
    kept: list[Passage] = []
    room = max_characters
    chosen = passages[:max_passages]
    for at, passage in enumerate(chosen):
        text = best_sentences(passage.text, wanted, room // (len(chosen) - at))
        room -= len(text)
        kept.append(passage.model_copy(update={"number": at + 1, "text": text}))
    return kept


def _words_of(passage: Passage) -> frozenset[str]:
    return stems(f"{passage.title} {passage.place} {passage.text}")
