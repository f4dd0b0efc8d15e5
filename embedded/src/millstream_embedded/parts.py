"""What runs: each part's name, its command, how it is stopped, and when it is ready."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Part:
    """One process under the supervisor."""

    name: str
    command: list[str]
    watch_start: Callable[[], Callable[[], bool]]
    """Called before a start; gives the question whether it does its work since then."""
    stop_signal: str = "TERM"
    stop_seconds: int = 15
    """How long it may take to stop; then it is killed."""
    shares_environment: bool = True
    """Whether it gets the addresses and secrets of all the others."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What it gets besides."""

    def start_script(self) -> str:
        """Return a shell script that becomes the part: quoting is the shell's own, not ours."""
        words = ["exec", "env"]
        if not self.shares_environment:
            words += ["-i", "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"]
        words += [f"{name}={value}" for name, value in self.environment.items()]
        return shlex.join([*words, *self.command]) + "\n"
