"""Ends what a test run started when the run itself is killed.

A killed pytest runs no fixture's end. The warden is a small process that hears of every process
group by a pipe; when the pipe closes it kills those that were not taken back.
"""

import atexit
import subprocess
import sys
from functools import cache
from typing import IO

_PROGRAM = """
import os, signal, sys
groups = set()
for line in sys.stdin:
    group = int(line[1:])
    (groups.add if line[0] == "+" else groups.discard)(group)
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError as error:
        print(f"warden: group {group}: {error}", file=sys.stderr)
"""


@cache
def _pipe() -> IO[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        start_new_session=True,  # a Ctrl-C for the tests must not end their warden first
    )
    assert process.stdin is not None
    # `communicate` closes the pipe and waits for the end.
    atexit.register(process.communicate)
    return process.stdin


def entrust(group: int) -> None:
    """Have a process group killed if this process ends before `take_back`."""
    _tell(f"+{group}\n")


def take_back(group: int) -> None:
    """The group has ended: its number may be somebody else's from now on."""
    _tell(f"-{group}\n")


def _tell(line: str) -> None:
    pipe = _pipe()
    pipe.write(line.encode())
    pipe.flush()
