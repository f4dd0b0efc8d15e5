"""``python -m millstream_contract.migrate``: bring the database at DATABASE_URL up to date."""

import os
import sys

import psycopg

from millstream_contract.ledger.migration import migrate


def main() -> int:
    """Migrate, say what was done, and return the exit code."""
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        sys.stderr.write("DATABASE_URL is not set; it must name a PostgreSQL with pgvector\n")
        return 2
    try:
        applied = migrate(url)
    except psycopg.Error as error:
        sys.stderr.write(f"the database could not be migrated: {error}\n")
        return 1
    sys.stdout.write(f"migrations applied: {', '.join(applied) or 'none, all are there'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
