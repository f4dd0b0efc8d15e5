"""Ends what a test run started, and removes what it wrote, when the run itself is killed.

A killed pytest runs no fixture's end. The warden is a small process that hears of every process
group and every directory by a pipe; when the pipe closes it kills and removes those that were not
taken back.
"""

import atexit
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import IO

_PROGRAM = """
import os, shutil, signal, sys, time
entrusted = set()
for line in sys.stdin:
    (entrusted.add if line[0] == "+" else entrusted.discard)(line[1:-1])
directories = {one for one in entrusted if one.startswith("/")}
for group in entrusted - directories:
    try:
        os.killpg(int(group), signal.SIGKILL)
    except OSError as error:
        print(f"warden: group {group}: {error}", file=sys.stderr)
for directory in directories:
    # A server's own children end a moment after it, and may write until then.
    for _ in range(100):
        shutil.rmtree(directory, ignore_errors=True)
        if not os.path.exists(directory):
            break
        time.sleep(0.1)
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


def entrust_directory(directory: Path) -> None:
    """Have a directory removed if this process ends before `take_back_directory`."""
    _tell(f"+{directory.absolute()}\n")


def take_back_directory(directory: Path) -> None:
    """The directory is gone."""
    _tell(f"-{directory.absolute()}\n")


def _tell(line: str) -> None:
    pipe = _pipe()
    pipe.write(line.encode())
    pipe.flush()
