"""A ledger over a real PostgreSQL, empty at the beginning of each test."""

from collections.abc import Iterator

import pytest

from millstream_contract.ledger import Ledger, open_pool
from millstream_contract.ledger.documents import Documents
from millstream_contract.ledger.passages import Passages
from tests.harness.deadlines import scaled
from tests.integration.contract.stored_documents import DIMENSIONS


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    # What happens here is right or wrong, and never late: this machine may be busy.
    patience = scaled(30)
    with open_pool(database_url, size=25, wait_seconds=patience, reply_seconds=patience) as pool:
        yield Ledger.of(pool)


@pytest.fixture
def documents(ledger: Ledger) -> Documents:
    """Documents whose vectors are those of ``stored_documents``."""
    ledger.documents.use_embeddings_of("e5", DIMENSIONS)
    return ledger.documents


@pytest.fixture
def passages(ledger: Ledger, documents: Documents) -> Passages:
    """What can be found of the documents."""
    return ledger.passages
