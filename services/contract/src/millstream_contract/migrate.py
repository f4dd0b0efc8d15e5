"""``python -m millstream_contract.migrate``: bring the database at DATABASE_URL up to date.

``--wait SECONDS``: change nothing, but wait until another has. ``-- COMMAND``: become that command
afterwards; so a container's first process can wait and then serve, with nothing in between.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Final, NoReturn

import psycopg

from millstream_contract.ledger.conninfo import conninfo_of
from millstream_contract.ledger.migration import migrate, pending

_LOOK_EVERY_SECONDS: Final = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Do as told, say what was done, and return the exit code.

    0: up to date; 1: it is not, or PostgreSQL does not answer; 2: wrongly called.
    """
    options = _parser().parse_args(arguments)
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        return _say("DATABASE_URL is not set; it must name a PostgreSQL with pgvector", 2)
    try:
        conninfo_of(url)
    except (psycopg.Error, ValueError) as error:
        return _say(f"DATABASE_URL: {error}".rstrip(), 2)
    code = _migrate(url) if options.wait is None else _wait(url, options.wait)
    if code == 0 and options.command:
        os.execvp(options.command[0], options.command)  # noqa: S606  # its arguments are the caller's
    return code


def _migrate(url: str) -> int:
    try:
        applied = migrate(url)
    except psycopg.Error as error:
        return _say(f"the database could not be migrated: {error}", 1)
    sys.stdout.write(f"migrations applied: {', '.join(applied) or 'none, all are there'}\n")
    return 0


def _wait(url: str, seconds: float) -> int:
    # The first process of a container is not ended by SIGTERM unless it says so.
    signal.signal(signal.SIGTERM, _end)
    deadline = time.monotonic() + seconds
    while True:
        missing = _missing(url)
        if not missing:
            return 0
        if time.monotonic() >= deadline:
            return _say(f"the schema is not up to date after {seconds:g} s: {missing}", 1)
        # PostgreSQL may be away, and where it is not, a pooler in between passes no NOTIFY on.
        time.sleep(_LOOK_EVERY_SECONDS)


def _missing(url: str) -> str:
    """Return what is still missing, in words; nothing if all is there."""
    try:
        return ", ".join(pending(url))
    except psycopg.Error as error:
        return str(error)


def _end(*_: object) -> NoReturn:
    sys.exit(128 + signal.SIGTERM)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m millstream_contract.migrate")
    parser.add_argument(
        "--wait", type=float, metavar="SECONDS", help="wait until another has migrated"
    )
    parser.add_argument("command", nargs="*", metavar="COMMAND", help="what to become afterwards")
    return parser


def _say(message: str, code: int) -> int:
    sys.stderr.write(message + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
