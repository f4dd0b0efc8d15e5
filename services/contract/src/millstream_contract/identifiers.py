"""Identifiers: a prefix that tells the kind, then 128 random bits, so that none can be guessed."""

import re
import uuid
from typing import Final, Literal

Kind = Literal["resp", "conv", "msg", "fs", "doc", "chunk", "key"]

_PATTERN: Final = re.compile(r"(resp|conv|msg|fs|doc|chunk|key)_[0-9a-f]{32}")


def new_id(kind: Kind) -> str:
    """Return a fresh identifier such as ``resp_0f…`` (prefix, underscore, 32 hex digits)."""
    return f"{kind}_{uuid.uuid4().hex}"


def is_id(text: str, kind: Kind) -> bool:
    """Tell whether ``text`` has the form of an identifier of this kind."""
    return _PATTERN.fullmatch(text) is not None and text.startswith(f"{kind}_")
