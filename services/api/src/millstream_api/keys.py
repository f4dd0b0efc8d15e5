"""``python -m millstream_api.keys``: make, list and revoke API keys.

It speaks to the database at DATABASE_URL itself: whoever may do that may do all this anyway.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from millstream_api.access.keys import key_digest, new_key
from millstream_api.identity import owner_named
from millstream_contract.addresses import checked_database_url
from millstream_contract.errors import LedgerUnavailable, NotFound
from millstream_contract.ledger import Ledger, open_pool
from millstream_contract.ledger.api_keys import ApiKey


def main(arguments: Sequence[str] | None = None) -> int:
    """Do one command, and return the exit code."""
    asked = _parser().parse_args(arguments)
    try:
        url = checked_database_url(os.environ.get("DATABASE_URL", ""))
    except ValueError as error:
        sys.stderr.write(f"DATABASE_URL: {error}\n")
        return 2
    if not url:
        sys.stderr.write("DATABASE_URL is not set; it must name Millstream's PostgreSQL\n")
        return 2
    pool = open_pool(url, size=1)
    try:
        asked.do(Ledger.of(pool), asked)
    except LedgerUnavailable:
        sys.stderr.write("PostgreSQL does not answer\n")
        return 1
    except NotFound as error:
        sys.stderr.write(f"there is no API key {error.args[0]!r}\n")
        return 1
    finally:
        pool.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m millstream_api.keys", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    create = commands.add_parser("create", help="make a key and show it, this once")
    create.add_argument("--owner", required=True, type=_name, help="user as whom it logs in")
    create.add_argument("--name", default="", help="what it is for")
    create.add_argument("--days", type=_days, help="valid for so many days; else until revoked")
    create.set_defaults(do=_create)
    listing = commands.add_parser("list", help="show all keys, without what makes them valid")
    listing.add_argument("--owner", type=_name, help="of this user only")
    listing.set_defaults(do=_list)
    revoke = commands.add_parser("revoke", help="end a key at once")
    revoke.add_argument("id", help="key_..., as list shows it")
    revoke.set_defaults(do=_revoke)
    return parser


def _create(ledger: Ledger, asked: argparse.Namespace) -> None:
    key = new_key()
    until = datetime.now(UTC) + timedelta(days=asked.days) if asked.days else None
    made = ledger.keys.create(owner_named(asked.owner), asked.name, key_digest(key), until)
    sys.stderr.write(f"{made.id}: keep it, it is not shown again\n")
    sys.stdout.write(f"{key}\n")


def _list(ledger: Ledger, asked: argparse.Namespace) -> None:
    owner = owner_named(asked.owner) if asked.owner else None
    sys.stdout.write("\t".join(("id", "owner", "name", "state", "expires", "last used")) + "\n")
    for key in ledger.keys.all_of(owner):
        sys.stdout.write("\t".join(_cells(key)) + "\n")


def _revoke(ledger: Ledger, asked: argparse.Namespace) -> None:
    revoked = ledger.keys.revoke(asked.id)
    sys.stdout.write(f"{revoked.id} is revoked\n")


def _cells(key: ApiKey) -> tuple[str, ...]:
    owner = key.owner.removeprefix(owner_named(""))
    return (key.id, owner, key.name, _state(key), _day(key.expires_at), _day(key.last_used_at))


def _state(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return "revoked"
    is_over = key.expires_at is not None and key.expires_at <= datetime.now(UTC)
    return "expired" if is_over else "valid"


def _day(time: datetime | None) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if time else "-"


def _name(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > 255:
        raise argparse.ArgumentTypeError("must be 1 to 255 printable characters")
    return text


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 3650:
        raise argparse.ArgumentTypeError("must be a whole number from 1 to 3650")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
