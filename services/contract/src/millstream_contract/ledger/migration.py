"""Applies the SQL files of migrations/ in order, each once, in one transaction each."""

from importlib.resources import files
from typing import Final

import psycopg

from millstream_contract.ledger.conninfo import conninfo_of

# Any fixed number: it keeps two migrators of one database from running at once.
_LOCK: Final = 0x6D696C6C


def migrate(database_url: str) -> list[str]:
    """Bring the database up to date and return the names of the files that were applied.

    Raises psycopg.OperationalError when PostgreSQL does not answer.
    """
    with psycopg.connect(conninfo_of(database_url)(), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations ("
            "name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        rows = connection.execute("SELECT name FROM schema_migrations").fetchall()
        applied = {name for (name,) in rows}
        pending = [name for name in migration_names() if name not in applied]
        for name in pending:
            with connection.transaction():
                connection.execute(_sql(name))
                connection.execute("INSERT INTO schema_migrations (name) VALUES (%s)", [name])
    return pending


def pending(database_url: str) -> list[str]:
    """Return the names of the files that are still to be applied, and change nothing.

    Raises psycopg.OperationalError when PostgreSQL does not answer.
    """
    with psycopg.connect(conninfo_of(database_url)(), autocommit=True) as connection:
        found = connection.execute("SELECT to_regclass('schema_migrations') IS NOT NULL").fetchone()
        if not (found and found[0]):
            return migration_names()
        rows = connection.execute("SELECT name FROM schema_migrations").fetchall()
    applied = {name for (name,) in rows}
    return [name for name in migration_names() if name not in applied]


def migration_names() -> list[str]:
    """Return the names of all migrations, in the order of their application."""
    folder = files(__package__).joinpath("migrations")
    return sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))


def _sql(name: str) -> bytes:
    return files(__package__).joinpath("migrations", name).read_bytes()
