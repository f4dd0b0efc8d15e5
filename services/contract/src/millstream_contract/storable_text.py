"""Text that JSON, UTF-8 and PostgreSQL can all carry.

A model may send a code point in two halves (a surrogate pair split over two chunks), a lone
half, or a NUL; the first is joined, the others become U+FFFD. Everything behind this rim may
then rely on text that encodes, stores and compares byte for byte.
"""

from typing import Final

REPLACEMENT: Final = "\ufffd"


def storable(text: str) -> str:
    """Return ``text`` with surrogate pairs joined, and lone surrogates and NUL replaced."""
    if text.isascii() and "\0" not in text:
        return text
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", REPLACEMENT)


class SurrogateJoiner:
    """Makes a stream of text pieces storable, joining pairs that were split between pieces."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """Return what can be told of ``piece``; a high surrogate at its end is held back."""
        text = self._held + piece
        self._held = ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._held = text[:-1], text[-1]
        return storable(text)

    def close(self) -> str:
        """Return what was still held: a lone half, replaced."""
        rest, self._held = self._held, ""
        return storable(rest)
