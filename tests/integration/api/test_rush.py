"""Many who come to one process at the same moment, as viewers do behind a cut of the network."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import pytest
from redis import Redis

from bench.answers import StandingAnswer
from bench.rush import Rush, asking, viewing
from bench.scripted_model.client import ScriptedModel
from millstream_api.access.keys import key_digest, new_key
from millstream_api.access.tickets import Tickets
from millstream_api.identity import owner_named
from millstream_contract.frames import DONE, KEEP_ALIVE
from millstream_contract.ledger import Ledger, open_pool
from tests.harness.deadlines import scaled
from tests.harness.proxy import TcpProxy
from tests.harness.services import Service, start_api
from tests.harness.stack import Backends

_VIEWERS = 800
_ANSWERS = 50
_ASKERS = 100
_TOKENS = 10
_REPLY_SECONDS = 0.1

_MOST_CONNECTIONS_TO_REDIS = 33
"""One listens, two read logs, requests share 20, and the queue has 10."""

_OWNER = owner_named("carol")
_KEYS = 100
_TICKET_SECRET = "tested-and-never-used-elsewhere-0"
_GUARDED = {
    "MILLSTREAM_AUTH_MODE": "proxy",
    "MILLSTREAM_PROXY_SECRET": "tested-and-never-used-elsewhere-1",
    "MILLSTREAM_TICKET_SECRET": _TICKET_SECRET,
    "MILLSTREAM_REQUESTS_PER_MINUTE": "100000",
}


@pytest.fixture
def answers(database_url: str, redis_url: str) -> Iterator[list[StandingAnswer]]:
    """Answers that are being written."""
    with _written_answers(database_url, redis_url, "local") as answers:
        yield answers


@pytest.fixture
def carols(database_url: str, redis_url: str) -> Iterator[list[StandingAnswer]]:
    """Answers of a user who has to log in."""
    with _written_answers(database_url, redis_url, _OWNER) as answers:
        yield answers


@contextmanager
def _written_answers(
    database_url: str, redis_url: str, owner: str
) -> Iterator[list[StandingAnswer]]:
    with open_pool(database_url, size=2) as pool, Redis.from_url(redis_url) as redis:
        answers = [StandingAnswer(Ledger.of(pool), redis, owner) for _ in range(_ANSWERS)]
        for answer in answers:
            _say(answer)
        yield answers


@dataclass(frozen=True)
class _Far:
    """An API, and the way to its Redis."""

    api: Service
    redis: TcpProxy


@contextmanager
def _far(backends: Backends) -> Iterator[_Far]:
    """Run an API whose PostgreSQL and Redis answer late, as when many come back to them as well."""
    with ExitStack() as ends:
        urls = []
        for url in (backends.database_url, backends.redis_url):
            port = urlsplit(url).port
            assert port is not None
            proxy = ends.enter_context(TcpProxy(port, reply_seconds=_REPLY_SECONDS))
            urls.append(url.replace(f":{port}", f":{proxy.port}"))
        api = start_api(replace(backends, database_url=urls[0], redis_url=urls[1]).settings())
        yield _Far(api, proxy)
        api.process.stop(30)


@pytest.fixture
def near(database_url: str, redis_url: str, scripted_model: ScriptedModel) -> Backends:
    return Backends(database_url, redis_url, scripted_model)


@pytest.fixture
def far_api(near: Backends) -> Iterator[Service]:
    with _far(near) as far:
        yield far.api


@pytest.fixture
def guarded(near: Backends) -> Iterator[_Far]:
    """One as far, to which users log in."""
    with _far(replace(near, extra=_GUARDED)) as far:
        yield far


@pytest.fixture
def keys(database_url: str) -> list[str]:
    """API keys of the user who has to log in, none of them used yet."""
    keys = [new_key() for _ in range(_KEYS)]
    with open_pool(database_url, size=1) as pool:
        for key in keys:
            Ledger.of(pool).keys.create(_OWNER, "", key_digest(key))
    return keys


def test_all_who_come_back_at_once_are_served_every_token_once(
    far_api: Service, answers: list[StandingAnswer]
) -> None:
    # Given viewers who have seen more or less of their answers, some all there is
    seen = _seen_by_each(answers)

    # When all come back at once, and the answers go on to their ends
    with closing(_rush(far_api, seen)) as rush:
        rush.read_until(lambda viewer: viewer.status is not None, scaled(60))
        for answer in answers:
            _say(answer)
            answer.end()
        rush.read_until(lambda viewer: viewer.is_closed, scaled(60))

    # Then nobody was turned away, and each has got what was missing, once and in order
    _check(rush, seen)


def test_all_who_come_back_at_once_get_the_rest_of_answers_that_have_ended_meanwhile(
    far_api: Service, answers: list[StandingAnswer]
) -> None:
    seen = _seen_by_each(answers)
    for answer in answers:
        answer.end()

    with closing(_rush(far_api, seen)) as rush:
        rush.read_until(lambda viewer: viewer.is_closed, scaled(60))

    _check(rush, seen)


def test_all_who_come_back_at_once_by_api_key_are_served_and_every_use_is_noted(
    guarded: _Far, carols: list[StandingAnswer], keys: list[str], database_url: str
) -> None:
    seen = _seen_by_each(carols)
    for answer in carols:
        answer.end()

    requests = [
        viewing(_path(answer, number), f"Authorization: Bearer {keys[place % _KEYS]}")
        for place, (answer, number) in enumerate(seen)
    ]
    with closing(Rush(_port(guarded.api), requests)) as rush:
        rush.read_until(lambda viewer: viewer.is_closed, scaled(60))

    _check(rush, seen)
    with open_pool(database_url, size=1) as pool:
        listed = Ledger.of(pool).keys.all_of(_OWNER)
    assert [key for key in listed if key.last_used_at is None] == []
    assert guarded.redis.connections <= _MOST_CONNECTIONS_TO_REDIS


def test_all_who_come_back_at_once_by_ticket_are_served(
    guarded: _Far, carols: list[StandingAnswer]
) -> None:
    tickets = Tickets(_TICKET_SECRET, 600)
    seen = _seen_by_each(carols)
    for answer in carols:
        answer.end()

    requests = [
        viewing(f"{_path(answer, number)}&ticket={tickets.issue(answer.response_id, _OWNER)[0]}")
        for answer, number in seen
    ]
    with closing(Rush(_port(guarded.api), requests)) as rush:
        rush.read_until(lambda viewer: viewer.is_closed, scaled(60))

    _check(rush, seen)


def test_all_who_ask_at_once_are_let_in_though_the_last_wait_for_a_while(near: Backends) -> None:
    # Given an API that lets in four at a time, each for some late replies
    few = {"MILLSTREAM_DATABASE_POOL_SIZE": "2", "MILLSTREAM_MAX_WAIT_SECONDS": "1e9"}
    with _far(replace(near, extra=few)) as far:
        # When so many ask at once that this takes more than ten seconds
        questions = [asking(f"What is log {number}?") for number in range(_ASKERS)]
        with closing(Rush(_port(far.api), questions)) as rush:
            rush.read_until(lambda asker: asker.first_frame_after is not None, scaled(60))

            # Then nobody was turned away, and each stream has begun
            assert Counter(asker.status for asker in rush.clients) == {200: _ASKERS}
            assert all(asker.body.startswith(b"id: 0\n") for asker in rush.clients)


def _seen_by_each(answers: list[StandingAnswer]) -> list[tuple[StandingAnswer, int]]:
    """Return for each viewer its answer, and the number of the last event that it has."""
    return [(answers[n % _ANSWERS], n % len(answers[0].frames)) for n in range(_VIEWERS)]


def _say(answer: StandingAnswer) -> None:
    for _ in range(_TOKENS):
        answer.say()


def _rush(api: Service, seen: Sequence[tuple[StandingAnswer, int]]) -> Rush:
    return Rush(_port(api), [viewing(_path(answer, number)) for answer, number in seen])


def _path(answer: StandingAnswer, number: int) -> str:
    return f"{answer.path}&starting_after={number}"


def _port(api: Service) -> int:
    return int(api.url.rpartition(":")[2])


def _check(rush: Rush, seen: Sequence[tuple[StandingAnswer, int]]) -> None:
    assert Counter(viewer.status for viewer in rush.clients) == {200: _VIEWERS}
    for viewer, (answer, number) in zip(rush.clients, seen, strict=True):
        missing = [frame.data for frame in answer.frames if frame.sequence_number > number]
        assert viewer.body.replace(KEEP_ALIVE, b"") == b"".join(missing) + DONE
