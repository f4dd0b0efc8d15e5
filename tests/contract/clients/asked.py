"""What the tests of clients ask, and what is stored of it."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

import psycopg

from bench.scripted_model.script import Script
from tests.harness.stack import Stack
from tests.harness.transcript import output_text


class _Event(Protocol):
    @property
    def type(self) -> str: ...


E = TypeVar("E", bound=_Event)


def of_the_stream(events: Iterable[E]) -> Iterator[E]:
    """Give the events of answers as they come, without what is told beside them.

    Who waits in line for a second, as on a machine that stands still, hears the position.
    """
    return (event for event in events if not event.type.startswith("millstream."))


def question(script: Script) -> str:
    """Give a question that is answered by a script."""
    return f"What is a log? {script.directive()}"


def stored_text(stack: Stack, response_id: str) -> str:
    """Give the text of an answer as it is stored."""
    with stack.client() as client:
        return output_text(client.retrieve(response_id))


def newest_text(stack: Stack, script: Script) -> str:
    """Give the stored text of the newest answer to a script's question."""
    with psycopg.connect(stack.backends.database_url) as connection:
        found = connection.execute(
            "SELECT id FROM responses WHERE position(%s in question) > 0 ORDER BY turn DESC",
            [script.id],
        ).fetchone()
    assert found is not None
    return stored_text(stack, found[0])
