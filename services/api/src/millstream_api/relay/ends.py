"""How a viewer's stream can end, and who wants to know."""

from collections.abc import Callable
from enum import Enum


class StreamEnd(Enum):
    """Why a stream ended."""

    FINISHED = "all was sent, [DONE] included"
    CLIENT_CLOSED = "its client went away, or has read nothing for too long"
    DRAINED = "this process ends; the viewer goes on elsewhere from its cursor"
    DELETED = "the response was deleted"


OnClose = Callable[[str, StreamEnd], None]
"""Called with the response's id, once for each stream, on a greenlet of its own: it may block."""

Translate = Callable[[bytes], bytes]
"""Turns what would be sent (whole frames, ``DONE``, ``KEEP_ALIVE``) into what a client of another
protocol gets in its place; nothing is sent for ``b""``. One for each stream, so it may keep state.
"""
