"""The data model's page names what the code has, and nothing that it has not."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from millstream_contract import keys
from millstream_contract.jobs import ANSWER_QUEUE, INGEST_QUEUE
from millstream_contract.objects import FINAL_STATUSES

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "specs/005-chat-streaming-responses/data-model.md").read_text("utf-8")
QUOTED = set(re.findall(r"`([^`\n]+)`", PAGE))


def schema() -> dict[str, set[str]]:
    """The columns of each table, as the migrations make them."""
    folder = files("millstream_contract.ledger").joinpath("migrations")
    sql = "".join(file.read_text("utf-8") for file in folder.iterdir() if file.name[-4:] == ".sql")
    tables = {
        table: set(re.findall(r"^    ([a-z_]+) +[a-z]", body, re.MULTILINE))
        for table, body in re.findall(
            r"CREATE TABLE (\w+) \((.*?)^\);", sql, re.DOTALL | re.MULTILINE
        )
    }
    for table, column in re.findall(r"ALTER TABLE (\w+) ADD COLUMN (\w+)", sql):
        tables[table].add(column)
    return tables


def described() -> dict[str, set[str]]:
    """The columns of each table, as the page has them."""
    ledger = PAGE.partition("## PostgreSQL")[2].partition("## Redis")[0]
    sections = re.split(r"^### (\w+).*$", ledger, flags=re.MULTILINE)[1:]
    return {
        table: {
            name
            for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
            for name in re.findall(r"`(\w+)`", row)
        }
        for table, text in zip(sections[::2], sections[1::2], strict=True)
    }


def key_names() -> list[str]:
    """Every key and channel of keys.py."""
    constants = [
        value
        for name, value in vars(keys).items()
        if name.isupper() and isinstance(value, str) and value.startswith("millstream:")
    ]
    functions = [
        make("<response id>")
        for name, make in vars(keys).items()
        if name.endswith(("_key", "_channel")) and name != "response_of_channel"
    ]
    return [*constants, *functions]


def test_every_table_and_column_is_described_and_no_other() -> None:
    ours = {**schema(), "schema_migrations": {"name", "applied_at"}}

    assert described() == ours


@pytest.mark.parametrize("key", key_names())
def test_every_key_and_channel_is_described(key: str) -> None:
    assert key in QUOTED
    assert f"``{key}``" in (keys.__doc__ or "")


def test_no_key_is_described_that_is_not_there() -> None:
    assert {name for name in QUOTED if name.startswith("millstream:")} == set(key_names())


def test_the_queues_are_described() -> None:
    assert {ANSWER_QUEUE, INGEST_QUEUE} <= QUOTED


def test_the_states_are_those_of_a_response() -> None:
    diagram = PAGE.partition("stateDiagram-v2")[2].partition("```")[0]

    states = set(re.findall(r"\b[a-z_]+(?= -->)|(?<=--> )[a-z_]+", diagram))
    assert states == {"queued", "in_progress", *FINAL_STATUSES}
