"""Chooses the sentences that answer a question. Pure: vectors and words in, sentences out.

A sentence's score is its cosine with the question, plus a part for the question's words that it
holds: rare ones count more, and words of its title count partly. The weights and the threshold
were chosen on the "tune" half of `evaluation/questions.toml`; specs/005 has the figures.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from millstream_models.words import meaning_words

Vector = NDArray[np.float32]

WORD_WEIGHT = 0.1
TITLE_WEIGHT = 0.6
LOWEST_SCORE = 0.865
WIDEST_GAP = 0.06
MOST_SENTENCES = 2


@dataclass(frozen=True)
class Candidate:
    """A sentence of a passage; `number` is the passage's source mark."""

    number: int
    title: str
    sentence: str


def choose_sentences(
    question: str,
    question_vector: Vector,
    candidates: Sequence[Candidate],
    vectors: Sequence[Vector],
) -> list[Candidate]:
    """The best one or two sentences, in the order in which they stand in the passages.

    Empty when no sentence is close enough to the question to be an answer. All vectors are of
    length 1; `vectors[i]` belongs to `candidates[i]`.
    """
    if not candidates:
        return []
    cosines = np.array([float(vector @ question_vector) for vector in vectors])
    scores = cosines + WORD_WEIGHT * np.array(word_overlaps(question, candidates))
    ranked = np.argsort(-scores, kind="stable")
    best = int(ranked[0])
    if scores[best] < LOWEST_SCORE:
        return []
    near = [int(i) for i in ranked[:MOST_SENTENCES] if scores[best] - scores[i] <= WIDEST_GAP]
    return [candidates[i] for i in sorted(near)]


def word_overlaps(question: str, candidates: Sequence[Candidate]) -> list[float]:
    """For each candidate, the share (0 to 1) of the question's meaning that its words hold."""
    asked = meaning_words(question)
    in_sentence = [meaning_words(candidate.sentence) for candidate in candidates]
    in_title = [meaning_words(candidate.title) for candidate in candidates]
    rarity = {
        word: math.log(1 + len(candidates) / (1 + sum(word in words for words in in_sentence)))
        for word in sorted(asked)
    }
    total = sum(rarity.values())
    if not total:
        return [0.0] * len(candidates)
    return [
        sum(
            weight * (1.0 if word in sentence else TITLE_WEIGHT if word in title else 0.0)
            for word, weight in rarity.items()
        )
        / total
        for sentence, title in zip(in_sentence, in_title, strict=True)
    ]
