"""Vectors for texts, without a model: texts that share words are close."""

import hashlib
import math
import re
from collections import Counter

from bench.scripted_model.script import without_directives

# Real sentence models put every text near one direction: unrelated texts have a cosine of about
# 0.8. With the same floor here, thresholds chosen for such a model keep their meaning.
FLOOR_COSINE = 0.80
_WORD = re.compile(r"\w+")
_COMMON = (
    "a an and are as at be but by can do does for from has have how i if in is it its me my not of"
    " on or so that the their then there they this to was we what when where which who why will"
    " with you your query passage"
)
_STOP_WORDS = frozenset(_COMMON.split())


def embed(text: str, dimension: int) -> list[float]:
    """Give the unit vector of a text, `dimension` floats; the same text gives the same vector."""
    words = Counter(
        word
        for word in _WORD.findall(without_directives(text).casefold())
        if word not in _STOP_WORDS
    )
    vector = [0.0] * dimension
    for word, count in words.items():
        index, sign = _place(word, dimension - 1)
        vector[index + 1] += sign * (1.0 + math.log(count))
    length = math.hypot(*vector)
    shared = math.sqrt(FLOOR_COSINE) if length else 1.0
    scale = math.sqrt(1.0 - FLOOR_COSINE) / length if length else 0.0
    return [shared, *(round(value * scale, 6) for value in vector[1:])]


def _place(word: str, width: int) -> tuple[int, float]:
    digest = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")
    return (digest >> 1) % width, 1.0 if digest & 1 else -1.0
