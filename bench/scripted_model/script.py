"""What the scripted model will say: a pure function of the question."""

import base64
import json
import random
import re
import shlex
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import get_args

from bench.scripted_model.fault import Fault, FaultScope

AWKWARD_TOKENS = (
    "\n",
    " ",
    "",
    "\n\n",
    "\r\n",
    "data: x",
    "[DONE]",
    "\N{SMILING FACE WITH OPEN MOUTH AND SMILING EYES}",
    "\N{LINE SEPARATOR}",
    "\N{PARAGRAPH SEPARATOR}",
    "\N{NEXT LINE}",
    "e\N{COMBINING ACUTE ACCENT}",
    ": comment",
    "event: x\n",
    "id: 7\n\n",
    '"}',
    "\\n",
    "\t",
)
_SOUNDS = "ba ce di fo gu ha ki lo mu ne pi ra so tu ve wi xa yo ze mill stream"
_SYLLABLES = _SOUNDS.split()
_DIRECTIVE = re.compile(r"\[\[(script|tokens)\b((?:[^\]]|\](?!\]))*)\]\]")
_SWITCHED_ON = ("timed", "counts_each")
DEFAULT_ANSWER = ("The ", "passages ", "say ", "so ", "[1]", ".")


class DirectiveError(ValueError):
    """A directive in the question cannot be understood; trying again does not help."""


def scripted_tokens(seed: int, tokens: int, size: int = 0) -> list[str]:
    """Give `tokens` pieces of text, the same for the same seed; about one in 16 is awkward.

    size: a piece with fewer characters repeats itself until it has as many.
    """
    source = random.Random(seed)
    pieces = (_token(source) for _ in range(tokens))
    return [_grown(piece, size) for piece in pieces]


def scripted_text(seed: int, tokens: int) -> str:
    """Give the text that `scripted_tokens` spell."""
    return joined(scripted_tokens(seed, tokens))


def _token(source: random.Random) -> str:
    if source.random() < 1 / 16:
        return source.choice(AWKWARD_TOKENS)
    return " " + "".join(source.choice(_SYLLABLES) for _ in range(source.randint(1, 3)))


def _grown(piece: str, size: int) -> str:
    return piece * -(-size // len(piece)) if 0 < len(piece) < size else piece


def joined(tokens: Sequence[str]) -> str:
    """Join tokens; a surrogate pair that was split between two of them becomes one character."""
    return units("".join(tokens)).decode("utf-16-le", "surrogatepass")


def units(text: str) -> bytes:
    """Give the UTF-16 units of a text: the measure in which split surrogates have a length."""
    return text.encode("utf-16-le", "surrogatepass")


@dataclass(frozen=True)
class Script:
    """One scripted answer and how it is delivered."""

    tokens: int = 20
    seed: int = 1
    size: int = 0
    """The least number of characters of a seeded token."""
    rate: float = 0.0
    """Tokens per second; 0 is as fast as possible."""
    first_ms: float = 0.0
    gate: tuple[str, int] | None = None
    """No token after this many leaves while the gate of this name is closed."""
    fault: Fault | None = None
    fault_times: int | None = None
    """How many calls of this question meet the fault; None is all of them."""
    fault_on: FaultScope = "stream"
    continues: bool = True
    finish: str = "stop"
    timed: bool = False
    """Whether the journal notes when each token was sent."""
    counts_each: bool = False
    """Whether each chunk has the usage so far, and not only the last one."""
    literal: tuple[str, ...] | None = None
    """These tokens instead of seeded ones, written into the directive."""
    name: str | None = None
    """The tokens that were registered under this name instead of seeded ones."""
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    @property
    def token_list(self) -> list[str]:
        """The tokens of the whole answer (of a named script: not known here)."""
        if self.name is not None:
            raise DirectiveError(f"the tokens of script {self.name!r} are held by the server")
        if self.literal is not None:
            return list(self.literal)
        return scripted_tokens(self.seed, self.tokens, self.size)

    @property
    def text(self) -> str:
        """The text of the whole answer."""
        return joined(self.token_list)

    def directive(self) -> str:
        """Write the directive that makes the server play this script."""
        if self.literal is None:
            return f"[[script {self._settings()}]]"
        encoded = base64.b64encode(json.dumps(list(self.literal)).encode()).decode()
        return f'[[tokens "{encoded}" {self._settings()}]]'

    def _settings(self) -> str:
        changed = {
            f.name: value
            for f in fields(self)
            if f.name not in {"id", "literal"} and (value := getattr(self, f.name)) != f.default
        }
        if self.gate is not None:
            changed["gate"] = f"{self.gate[0]}:{self.gate[1]}"
        if changed.pop("continues", True) is False:
            changed["continue"] = "off"
        for switch in _SWITCHED_ON:
            if changed.pop(switch, False):
                changed[switch] = "on"
        spelled = (f"{key}={value}" for key, value in {"id": self.id, **changed}.items())
        return shlex.join(spelled)


@dataclass(frozen=True)
class Found:
    """A directive found in a question."""

    script: Script
    key: str
    """What counts its faults: the directive as written."""


def find_script(question: str) -> Found:
    """Read the last directive of a question, or the default answer when it has none.

    Raises DirectiveError when the directive cannot be understood.
    """
    matches = list(_DIRECTIVE.finditer(question))
    if not matches:
        return Found(Script(literal=DEFAULT_ANSWER, id=""), key="")
    kind, body = matches[-1].groups()
    return Found(_read(kind, body), key=matches[-1].group())


def without_directives(text: str) -> str:
    """Give the question as its author meant it to be searched for."""
    return _DIRECTIVE.sub(" ", text)


def _read(kind: str, body: str) -> Script:
    words = shlex.split(body)
    literal = _literal(words.pop(0)) if kind == "tokens" and words else None
    pairs = dict(word.partition("=")[::2] for word in words)
    try:
        return Script(literal=literal, **_typed(pairs))  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise DirectiveError(f"bad directive [[{kind}{body}]]: {error}") from error


def _literal(encoded: str) -> tuple[str, ...]:
    try:
        tokens = json.loads(base64.b64decode(encoded, validate=True))
    except ValueError as error:
        raise DirectiveError(f"literal tokens must be base64 of a JSON list: {error}") from error
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise DirectiveError("literal tokens must be a JSON list of strings")
    return tuple(tokens)


def _typed(pairs: Mapping[str, str]) -> dict[str, object]:
    typed: dict[str, object] = {"id": ""}
    for key, value in pairs.items():
        if key in {"tokens", "seed", "size", "fault_times"}:
            typed[key] = int(value)
        elif key in {"rate", "first_ms"}:
            typed[key] = float(value)
        elif key in {"id", "name", "finish"}:
            typed[key] = value
        else:
            typed.update(_structured(key, value))
    return typed


def _structured(key: str, value: str) -> dict[str, object]:
    if key == "gate":
        name, _, position = value.rpartition(":")
        return {"gate": (name, int(position))}
    if key == "fault":
        return {"fault": Fault.parse(value)}
    if key == "fault_on" and value in get_args(FaultScope):
        return {"fault_on": value}
    if key in {"continue", *_SWITCHED_ON} and value in {"on", "off"}:
        return {"continues" if key == "continue" else key: value == "on"}
    raise ValueError(f"{key}={value} is not known")
