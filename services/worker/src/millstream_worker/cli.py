"""The command ``millstream``."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psycopg
from tqdm import tqdm  # type: ignore[import-untyped]

from millstream_contract.errors import LedgerUnavailable, LogUnavailable
from millstream_contract.ledger import Ledger, open_pool
from millstream_worker.celery_app import celery_app
from millstream_worker.command.addresses import Addresses, NoAddresses, find_addresses, shown
from millstream_worker.command.ingesting import Ingestion, Outcome
from millstream_worker.command.stored import listing, remove
from millstream_worker.ingesting.sending import job_sender

_FAILED: Final = 1
_CANNOT_START: Final = 2
_INTERRUPTED: Final = 130

_MAX_BYTES: Final = 2_000_000
_PATIENCE_SECONDS: Final = 600.0
_REMOVAL_SECONDS: Final = 600.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    0: done; 1: something failed; 2: it could not begin, or the ledger or the queue went away.
    """
    try:
        options = _parser().parse_args(arguments)
        return _run(options, find_addresses())
    except NoAddresses as error:
        return _say(str(error), _CANNOT_START)


def _run(options: argparse.Namespace, addresses: Addresses) -> int:
    # The pool tells of each vain try; we tell once.
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    try:
        code: int = options.do(options, addresses)
    except LedgerUnavailable:
        return _say(
            f"PostgreSQL at {shown(addresses.database_url)} does not answer (DATABASE_URL)",
            _CANNOT_START,
        )
    except LogUnavailable:
        return _say(
            f"Redis at {shown(addresses.redis_url)} does not answer (REDIS_URL)", _CANNOT_START
        )
    except psycopg.errors.UndefinedTable:
        return _say(
            "the database has not been migrated: run python -m millstream_contract.migrate",
            _CANNOT_START,
        )
    return code


def _ingest(options: argparse.Namespace, addresses: Addresses) -> int:
    try:
        outcome = _ingested(options, addresses)
    except KeyboardInterrupt:
        return _say("stopped; what is on the queue is still ingested", _INTERRUPTED)
    return _summarise(outcome, waited=options.wait)


def _list(_: argparse.Namespace, addresses: Addresses) -> int:
    with open_pool(addresses.database_url, size=1) as pool:
        lines = listing(Ledger.of(pool).documents)
    _print("\n".join(lines) or "no documents")
    return 0


def _remove(options: argparse.Namespace, addresses: Addresses) -> int:
    # One statement for a whole folder, with an index of vectors to be kept.
    with open_pool(addresses.database_url, size=1, reply_seconds=_REMOVAL_SECONDS) as pool:
        gone, unknown = remove(Ledger.of(pool).documents, options.names)
    for source in gone:
        _print(f"removed: {source}")
    for name in unknown:
        _print(f"not stored: {name}")
    _print(f"{len(gone)} removed, {len(unknown)} not stored")
    return _FAILED if unknown else 0


def _ingested(options: argparse.Namespace, addresses: Addresses) -> Outcome:
    with (
        open_pool(addresses.database_url, size=1) as pool,
        celery_app(addresses.redis_url) as queue,
        tqdm(unit=" files", disable=None, leave=False) as bar,
    ):
        ingestion = Ingestion(
            Ledger.of(pool).documents,
            job_sender(queue),
            bar,
            max_bytes=options.max_bytes,
            patience_seconds=options.patience,
        )
        ingestion.store(options.paths)
        if options.wait:
            ingestion.follow()
        return ingestion.leave()


def _summarise(outcome: Outcome, *, waited: bool) -> int:
    for path, reason in outcome.passed_over:
        _print(f"passed over: {path}: {reason}")
    for path, reason in outcome.failed:
        _print(f"failed: {path}: {reason}")
    counts = [
        f"{outcome.ingested} ingested",
        f"{outcome.unchanged} unchanged",
        f"{len(outcome.failed)} failed",
    ]
    if outcome.waiting:
        counts.append(f"{len(outcome.waiting)} on the queue")
    _print(", ".join(counts))
    if outcome.waiting and waited:
        _say(
            "given up waiting: is `python -m millstream_worker ingest` running? What is on the"
            " queue is ingested when it is",
            _FAILED,
        )
    return _FAILED if outcome.failed or (outcome.waiting and waited) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="millstream", description="Answers from your documents.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    ingest = commands.add_parser(
        "ingest",
        help="take documents in",
        description=(
            "Takes in files, and the files of folders: Markdown, plain text and HTML, in UTF-8."
            " What has not changed since the last time is left as it is. The database and the"
            " queue are those of DATABASE_URL and REDIS_URL, or of the instance that `make run`"
            " started here (in MILLSTREAM_DATA_DIR)."
        ),
    )
    ingest.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file or a folder")
    ingest.add_argument(
        "--no-wait",
        dest="wait",
        action="store_false",
        help="store and enqueue only; do not wait until all is embedded",
    )
    ingest.add_argument(
        "--max-bytes",
        type=_positive_integer,
        metavar="N",
        # Of text, so that argparse reads it as it would an option.
        default=os.environ.get("MILLSTREAM_INGEST_MAX_BYTES") or str(_MAX_BYTES),
        help=f"largest file ({_MAX_BYTES}, or MILLSTREAM_INGEST_MAX_BYTES)",
    )
    ingest.add_argument(
        "--patience",
        type=_positive_seconds,
        metavar="SECONDS",
        default=_PATIENCE_SECONDS,
        help=f"longest wait for the next document to get ready ({_PATIENCE_SECONDS:g})",
    )
    ingest.set_defaults(do=_ingest)
    listed = commands.add_parser(
        "list",
        help="list the documents",
        description="Prints a line for each document: how it stands, its passages, its source.",
    )
    listed.set_defaults(do=_list)
    removed = commands.add_parser(
        "remove",
        help="take documents out",
        description=(
            "Takes documents out again: no answer is made from them any more. Answers that were"
            " keep what they quote."
        ),
    )
    removed.add_argument(
        "names",
        nargs="+",
        type=_name,
        metavar="NAME",
        help="a file or a folder that was ingested, or a source as it is listed; demo: for all of"
        " the demo corpus",
    )
    removed.set_defaults(do=_remove)
    return parser


def _name(text: str) -> str:
    # What an unset variable of a shell gives must not mean everything.
    if not text.strip():
        raise argparse.ArgumentTypeError("a name must not be empty")
    return text


def _positive_integer(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return number


def _positive_seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")


def _say(message: str, code: int) -> int:
    sys.stderr.write(f"millstream: {message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
