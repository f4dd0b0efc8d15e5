"""Many viewers that come back to one process at the same moment, as behind a cut of the network."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import pytest
from redis import Redis

from bench.answers import StandingAnswer
from bench.rush import Rush, viewing
from bench.scripted_model.client import ScriptedModel
from millstream_contract.frames import DONE, KEEP_ALIVE
from millstream_contract.ledger import Ledger, open_pool
from tests.harness.deadlines import scaled
from tests.harness.proxy import TcpProxy
from tests.harness.services import Service, start_api
from tests.harness.stack import Backends

_VIEWERS = 800
_ANSWERS = 50
_TOKENS = 10
_REPLY_SECONDS = 0.1


@pytest.fixture
def answers(database_url: str, redis_url: str) -> Iterator[list[StandingAnswer]]:
    """Answers that are being written."""
    with open_pool(database_url, size=2) as pool, Redis.from_url(redis_url) as redis:
        answers = [StandingAnswer(Ledger.of(pool), redis, "local") for _ in range(_ANSWERS)]
        for answer in answers:
            _say(answer)
        yield answers


@pytest.fixture
def far_api(database_url: str, redis_url: str, scripted_model: ScriptedModel) -> Iterator[Service]:
    """An API whose PostgreSQL and Redis take their time, as when many come back to them as well."""
    with ExitStack() as ends:
        urls = []
        for url in (database_url, redis_url):
            port = urlsplit(url).port
            assert port is not None
            proxy = ends.enter_context(TcpProxy(port, reply_seconds=_REPLY_SECONDS))
            urls.append(url.replace(f":{port}", f":{proxy.port}"))
        api = start_api(Backends(urls[0], urls[1], scripted_model).settings())
        yield api
        api.process.stop(30)


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


def _seen_by_each(answers: list[StandingAnswer]) -> list[tuple[StandingAnswer, int]]:
    """Return for each viewer its answer, and the number of the last event that it has."""
    return [(answers[n % _ANSWERS], n % len(answers[0].frames)) for n in range(_VIEWERS)]


def _say(answer: StandingAnswer) -> None:
    for _ in range(_TOKENS):
        answer.say()


def _rush(api: Service, seen: Sequence[tuple[StandingAnswer, int]]) -> Rush:
    paths = [f"{answer.path}&starting_after={number}" for answer, number in seen]
    return Rush(int(api.url.rpartition(":")[2]), [viewing(path) for path in paths])


def _check(rush: Rush, seen: Sequence[tuple[StandingAnswer, int]]) -> None:
    assert Counter(viewer.status for viewer in rush.clients) == {200: _VIEWERS}
    for viewer, (answer, number) in zip(rush.clients, seen, strict=True):
        missing = [frame.data for frame in answer.frames if frame.sequence_number > number]
        assert viewer.body.replace(KEEP_ALIVE, b"") == b"".join(missing) + DONE
