"""Making a follow-up question stand on its own, without a model: for models too small to do it.

"And how do I turn it off?" has no word to search for. What it is about is put before it: the
content words of the questions that it follows. Measured on the demo corpus (specs/008): the right
passages were found for 8 of 8 such pairs, and for 1 of 8 by the question alone. That a question
leans on others is told by English words; in another language it is left as it is.
"""

from collections.abc import Sequence
from typing import Final

from millstream_worker.answering.content_words import all_words, content_words
from millstream_worker.answering.prompt import Message

_OPENERS: Final = frozenset(["and", "but", "or", "so", "then", "also"])
_ABOUT: Final = frozenset({("what", "about"), ("how", "about")})

# Words that point at something said before; the second kind only where little else is said.
_POINTERS: Final = frozenset(
    ["it", "its", "they", "them", "their", "theirs", "these", "those", "ones"]
)
_FAINT_POINTERS: Final = frozenset(
    ["this", "that", "one", "there", "same", "both", "he", "she", "him", "her", "his"]
)
_MOST_WORDS: Final = 4
_MOST_WORDS_FAINT: Final = 2

_MOST_QUESTIONS_BACK: Final = 3
_MOST_TOPIC_WORDS: Final = 12


def standalone(question: str, history: Sequence[Message]) -> str:
    """Return a question with its topic before it, if it points at what was said before."""
    if not follows(question):
        return question
    topic = _topic(question, history)
    return f"{' '.join(topic)}: {question}" if topic else question


def follows(question: str) -> bool:
    """Tell whether a question leans on what was said before it."""
    words = all_words(question)
    content = content_words(question)
    if not content or words[0] in _OPENERS or tuple(words[:2]) in _ABOUT:
        return True
    if _POINTERS.intersection(words):
        return len(content) <= _MOST_WORDS
    return bool(_FAINT_POINTERS.intersection(words)) and len(content) <= _MOST_WORDS_FAINT


def _topic(question: str, history: Sequence[Message]) -> list[str]:
    """Return the content words of the question that began this, and of those since."""
    asked = [message.content for message in history if message.role == "user"]
    words: list[str] = []
    for earlier in asked[: -_MOST_QUESTIONS_BACK - 1 : -1]:
        words = content_words(earlier) + words
        if not follows(earlier):
            break
    own = content_words(question)
    topic = [word for word in dict.fromkeys(words) if word not in own]
    return topic[:_MOST_TOPIC_WORDS]
