"""A ledger over a real PostgreSQL, empty at the beginning of each test."""

from collections.abc import Iterator

import pytest

from millstream_contract.ledger import Ledger, open_pool


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    with open_pool(database_url, size=25) as pool:
        with pool.connection() as connection:
            connection.execute("TRUNCATE documents, embedding_space CASCADE")
        yield Ledger.of(pool)
