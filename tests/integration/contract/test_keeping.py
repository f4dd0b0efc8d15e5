"""The statements of docs/operating/data.md take away what they say, and nothing else."""

import re
import time
from pathlib import Path

import pytest
from psycopg import Connection

from millstream_contract.ledger import Ledger
from millstream_contract.ledger.new_entries import NewResponse
from millstream_contract.ledger.rows import ResponseRow

PAGE = Path(__file__).parents[3] / "docs/operating/data.md"
STATEMENTS = re.findall(r"```sql\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
DAYS = 86_400.0


@pytest.fixture
def old_and_all_of_one() -> tuple[str, str]:
    old, all_of_one = STATEMENTS
    assert "90 days" in old
    assert "user:alice" in all_of_one
    return old, all_of_one


def run(database_url: str, statements: str) -> None:
    with Connection.connect(database_url, autocommit=True) as connection:
        for statement in statements.split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())


def ask(ledger: Ledger, conversation_id: str | None = None, owner: str = "user:bob") -> ResponseRow:
    new = NewResponse(owner, "What is a log?", "m", conversation_id=conversation_id)
    return ledger.responses.accept(new).row


def answered(
    ledger: Ledger, days_ago: float, conversation_id: str | None = None, owner: str = "user:bob"
) -> str:
    row = ask(ledger, conversation_id, owner)
    assert ledger.responses.claim(row.id, 1)
    at = {"status": "completed", "completed_at": time.time() - days_ago * DAYS}
    assert ledger.responses.finish(row.as_object(()).model_copy(update=at), 1, b"")
    return row.id


def conversation(ledger: Ledger, database_url: str, days_ago: int, owner: str = "user:bob") -> str:
    made = ledger.conversations.create(owner, "", {}).id
    with Connection.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "UPDATE conversations SET created_at = now() - make_interval(days => %s) WHERE id = %s",
            [days_ago, made],
        )
    return made


def left(database_url: str, table: str) -> set[str]:
    with Connection.connect(database_url) as connection:
        query = f"SELECT id FROM {table}"
        return {row[0] for row in connection.execute(query.encode()).fetchall()}


def test_what_ended_long_ago_goes_and_what_is_young_or_unfinished_stays(
    ledger: Ledger, database_url: str, old_and_all_of_one: tuple[str, str]
) -> None:
    old, _ = old_and_all_of_one
    alone = answered(ledger, 91)
    young = answered(ledger, 89)
    unfinished = ask(ledger).id
    quiet, alive, busy, new = (conversation(ledger, database_url, days) for days in (99, 99, 99, 1))
    in_quiet = answered(ledger, 95, quiet)
    in_alive = {answered(ledger, 95, alive), answered(ledger, 2, alive)}
    in_busy = {answered(ledger, 95, busy), ask(ledger, busy).id}

    run(database_url, old)

    stays = {young, unfinished, *in_alive, *in_busy}
    assert left(database_url, "responses") == stays
    assert not stays & {alone, in_quiet}
    assert left(database_url, "conversations") == {alive, busy, new}
    assert ledger.responses.claim(unfinished, 1)


def test_all_of_one_user_goes_and_nothing_of_another(
    ledger: Ledger, database_url: str, old_and_all_of_one: tuple[str, str]
) -> None:
    _, all_of_one = old_and_all_of_one
    hers = conversation(ledger, database_url, 1, "user:alice")
    answered(ledger, 1, hers, "user:alice")
    answered(ledger, 1, owner="user:alice")
    ledger.keys.create("user:alice", "hers", b"1", None)
    kept = conversation(ledger, database_url, 1)
    of_bob = {answered(ledger, 1, kept), answered(ledger, 1)}
    key = ledger.keys.create("user:bob", "his", b"2", None)

    run(database_url, all_of_one)

    assert left(database_url, "conversations") == {kept}
    assert left(database_url, "responses") == of_bob
    assert left(database_url, "api_keys") == {key.id}
    assert len(left(database_url, "items")) == len(of_bob)
