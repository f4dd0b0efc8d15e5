"""The words of a text that carry meaning, in a form in which they can be compared."""

import re

_WORD = re.compile(r"[^\W_]+(?:[._-][^\W_]+)*")
_INNER = re.compile(r"[._-]")
_SUFFIX = re.compile(r"(?:ingly|edly|ations?|ments?|ings?|ies|ied|ed|es|ly|s|e|y)$")
_SHORTEST_STEM = 3
_EVERYDAY = """
a about after again all also am an and any are as at be because been before being both but by can
cannot could did do does doing don down during each else few for from further get give had has have
having he her here hers him his how i if in into is it its just let many may me might more most much
must my need no nor not now of off on once only or other our out over own please same shall she
should so some such than that the their them then there these they this those through to too under
until up us use used using very was we were what when where whether which while who whom whose why
will with would you your
"""
_STOP_WORDS = frozenset(_EVERYDAY.split())


def meaning_words(text: str) -> frozenset[str]:
    """Stems of the words of a text, without the words that every text has.

    A compound such as `static_url_path` counts as itself and as each of its parts.
    """
    found = set()
    for match in _WORD.finditer(text.casefold()):
        word = match[0]
        found.add(word)
        found.update(_INNER.split(word))
    return frozenset(_stem(word) for word in found if word not in _STOP_WORDS)


def _stem(word: str) -> str:
    stem = _SUFFIX.sub("", word)
    return stem if len(stem) >= _SHORTEST_STEM else word
