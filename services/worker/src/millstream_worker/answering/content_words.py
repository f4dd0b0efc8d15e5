"""The words of a text that carry its meaning, as far as that can be told without a model."""

import re
from typing import Final

# Scripts without spaces: each character counts as a word.
_WORD: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+(?:['\u2019][^\W_]+)?")

_FUNCTION_WORD_LIST: Final = """
    a about after all also am an and any are as at be because been before being but by can could
    did do does doing done for from get give had has have having he her here him his how i if in
    into is it its just know let like many may me might more most much my no nor not of off on
    one only or other our out over please say she should so some such tell than that the their
    them then there these they this those through to too under up us use very want was we were
    what when where which while who whom whose why will with would you your
    what's it's i'm don't doesn't isn't can't
"""
_FUNCTION_WORDS: Final = frozenset(_FUNCTION_WORD_LIST.split())
_ENDINGS: Final = ("ing", "ies", "ed", "es", "s", "ly")
_SHORTEST_STEM: Final = 3


def content_words(text: str) -> list[str]:
    """Return the words of ``text`` without function words, in order, in lower case, each once."""
    return [word for word in dict.fromkeys(all_words(text)) if word not in _FUNCTION_WORDS]


def all_words(text: str) -> list[str]:
    """Return the words of ``text``, in order, in lower case."""
    return [word.lower() for word in _WORD.findall(text)]


def stems(text: str) -> frozenset[str]:
    """Return the content words with their endings cut, so that "streams" meets "streaming"."""
    return frozenset(_stem(word) for word in content_words(text))


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending).rstrip("e")
    return word.rstrip("e") if len(word) > _SHORTEST_STEM else word
