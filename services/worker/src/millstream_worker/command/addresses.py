"""Where the ledger and the queue are: as the environment says, or as ``make run`` wrote down."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from millstream_contract.ledger.conninfo import is_lakebase


class NoAddresses(Exception):
    """It is not known where the ledger and the queue are."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """URLs, with their passwords."""

    database_url: str
    redis_url: str


def find_addresses(environment: Mapping[str, str] = os.environ) -> Addresses:
    """Return the addresses; the environment wins. Raises NoAddresses, saying what to do."""
    file = Path(environment.get("MILLSTREAM_DATA_DIR") or ".millstream") / "connection.env"
    given = {**_read(file), **{name: value for name, value in environment.items() if value}}
    missing = [name for name in ("DATABASE_URL", "REDIS_URL") if name not in given]
    if missing:
        raise NoAddresses(
            f"{' and '.join(missing)} not set, and not in {file}, which `make run` writes: start"
            " Millstream, set MILLSTREAM_DATA_DIR to its data directory, or set both variables"
        )
    return Addresses(given["DATABASE_URL"], given["REDIS_URL"])


def shown(url: str) -> str:
    """Return where a URL points to, without its secrets."""
    if is_lakebase(url):
        return url  # it holds none
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "localhost", parts.port
    except ValueError:
        return "an address that is no URL"
    return f"{host}:{port}" if port else host


def _read(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise NoAddresses(f"{file} cannot be read: {error.strerror}") from error
    pairs = (line.partition("=") for line in lines if not line.lstrip().startswith("#"))
    return {name.strip(): value.strip() for name, equals, value in pairs if equals and value}
