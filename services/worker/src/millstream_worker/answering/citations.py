"""Finding the marks ``[n]`` in a text that comes in pieces of any size."""

import re
from collections.abc import Collection, Iterator
from typing import Final

_MARK: Final = re.compile(r"\[(\d{1,3}(?:\s{0,2},\s{0,2}\d{1,3}){0,9})\]")
# As long as the longest mark may be without its end.
_BEGUN: Final = re.compile(r"\[[\d,\s]{0,75}\Z")


class CitationFinder:
    """Reports each mark of a known number once, when it is complete. ``[1, 3]`` is two marks."""

    def __init__(self, numbers: Collection[int]) -> None:
        """Look for these numbers."""
        self._numbers = numbers
        self._pending = ""
        self._length = 0

    def feed(self, piece: str) -> Iterator[tuple[int, int]]:
        """Take the next piece; yield (number, code points up to the mark's end)."""
        if "[" not in piece and not self._pending:
            self._length += len(piece)
            return
        start = self._length - len(self._pending)
        text = self._pending + piece
        self._length += len(piece)
        begun = _BEGUN.search(text)
        self._pending = begun.group() if begun else ""
        for match in _MARK.finditer(text):
            for number in dict.fromkeys(map(int, match[1].split(","))):
                if number in self._numbers:
                    yield number, start + match.end()
