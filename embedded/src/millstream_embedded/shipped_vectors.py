"""Vectors that were made before: a file of lines, each the hash of a text and its vector.

The first line names the endpoint that made them. A vector is its numbers as little-endian 16-bit
floats, in base64: 1 KB for 384 of them, and as near as a search can tell.
"""

import base64
import hashlib
import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

Vector = tuple[float, ...]


@dataclass(frozen=True)
class ShippedVectors:
    """Vectors by text, of one endpoint."""

    endpoint: str
    dimensions: int
    by_key: Mapping[str, Vector]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file that `write` wrote."""
        head, *lines = path.read_text("utf-8").splitlines()
        about = json.loads(head)
        layout = struct.Struct(f"<{about['dimensions']}e")
        entries = (json.loads(line) for line in lines)
        return cls(
            about["endpoint"],
            about["dimensions"],
            {key: layout.unpack(base64.b64decode(packed)) for key, packed in entries},
        )

    @classmethod
    def of(cls, endpoint: str, dimensions: int, made: Iterable[tuple[str, Vector]]) -> Self:
        """Take vectors with the texts that they were made of."""
        return cls(endpoint, dimensions, {_key(text): vector for text, vector in made})

    def write(self, path: Path) -> None:
        """Write all to a file, in an order of its own: the same vectors give the same file."""
        layout = struct.Struct(f"<{self.dimensions}e")
        lines = [json.dumps({"endpoint": self.endpoint, "dimensions": self.dimensions})]
        lines += [
            json.dumps([key, base64.b64encode(layout.pack(*vector)).decode()])
            for key, vector in sorted(self.by_key.items())
        ]
        path.write_text("\n".join(lines) + "\n", "utf-8")

    def find(self, text: str) -> Vector | None:
        """Return the vector of exactly this text, if it is here."""
        return self.by_key.get(_key(text))


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
