"""Redis forgets, PostgreSQL rests, and two attempts meet: the text stays exact, and told once."""

import base64
import json
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from bench.scripted_model.client import ScriptedModel
from bench.scripted_model.script import Script, joined
from millstream_contract.errors import Fenced
from millstream_contract.events import AttemptReset
from millstream_contract.frames import encode_frame
from tests.harness.deadlines import eventually
from tests.harness.postgres import PostgresServer
from tests.harness.processes import ServerProcess
from tests.harness.proxy import TcpProxy
from tests.harness.services import migrate, start_worker
from tests.harness.stack import Backends
from tests.harness.valkey import ValkeyServer
from tests.integration.worker.desk import OWNER, Desk, open_desk
from tests.integration.worker.test_answering import asked


def test_flushing_redis_in_mid_answer_heals_the_log(desk: Desk) -> None:
    script = Script(tokens=60, gate=("flushed", 30))
    response_id = desk.ask(asked(script))
    desk.model.wait(script.id, "held")
    shown = joined(script.token_list[:30])
    desk.until_text(response_id, len(shown))
    before = list(desk.log.read_all(response_id))

    desk.redis.flushdb()
    desk.model.open_gate("flushed")

    told = desk.finished(response_id)
    assert told.frames[: len(before)] == before
    assert told.text == script.text


def test_a_later_attempt_fences_the_first(desk: Desk) -> None:
    script = Script(tokens=40, gate=("fenced", 20))
    response_id = desk.ask(asked(script))
    desk.model.wait(script.id, "held")

    desk.send(response_id, attempt=2)
    desk.model.wait(script.id, "started", count=2)
    desk.model.open_gate("fenced")

    told = desk.finished(response_id)
    assert told.text == script.text
    assert told.final["millstream"]["attempt"] == 2
    assert told.types.count("millstream.attempt.reset") == 1
    assert told.types.count("response.completed") == 1
    assert told.types.count("response.file_search_call.completed") == 2
    calls = desk.model.wait(script.id, "ended", count=2)
    assert sorted(call.tokens_sent for call in calls)[1] == 40
    late = encode_frame(AttemptReset(attempt=1, reason="late"), len(told.frames))
    with pytest.raises(Fenced):
        desk.log.append(response_id, 1, [late])


def test_a_later_attempt_does_not_search_again(desk: Desk) -> None:
    script = Script(tokens=10, gate=("found", 0))
    response_id = desk.ask(asked(script))
    desk.model.wait(script.id, "held")
    # The model was asked, and has not said a word.
    eventually("the passages to be kept", lambda: desk.row(response_id).passages is not None, 10)

    desk.send(response_id, attempt=2)
    desk.model.wait(script.id, "started", count=2)
    desk.model.open_gate("found")

    told = desk.finished(response_id)
    first, second = desk.model.streams(script.id)
    assert second.prompt == first.prompt
    assert told.final["millstream"]["timings"]["retrieve_ms"] is None


@pytest.mark.parametrize("ends_as", ["cancelled", "failed"])
def test_an_end_whose_earlier_frames_are_lost_takes_back_what_viewers_may_have_seen(
    desk: Desk, ends_as: str
) -> None:
    attempts = 1 if ends_as == "cancelled" else 5
    with desk.unseen() as unseen:
        response_id = unseen.accept("What is the token log?").id
        for attempt in range(1, attempts + 1):
            assert unseen.ledger.responses.claim(response_id, attempt) is not None
        if ends_as == "cancelled":
            unseen.ledger.responses.request_cancel(response_id, OWNER)
        desk.lose_log(response_id)

    desk.send(response_id, attempt=attempts + 1)

    told = desk.finished(response_id)
    assert told.row.status == ends_as
    assert told.types[0] == "millstream.attempt.reset"


def test_an_attempt_whose_earlier_frames_are_lost_takes_them_back_though_it_found_nothing_kept(
    desk: Desk,
) -> None:
    script = Script(tokens=5)
    with desk.unseen() as unseen:
        response_id = unseen.accept(asked(script)).id
        assert unseen.ledger.responses.claim(response_id, 1) is not None
        desk.lose_log(response_id)

    desk.send(response_id, attempt=2)

    told = desk.finished(response_id)
    assert told.text == script.text
    assert told.types[0] == "millstream.attempt.reset"


@pytest.fixture
def own_worker(
    private_postgres: PostgresServer, private_valkey: ValkeyServer, scripted_model: ScriptedModel
) -> Iterator[tuple[Desk, ServerProcess]]:
    """A worker whose servers a test may take away."""
    migrate(private_postgres.url())
    settings = {"MILLSTREAM_SHUTDOWN_GRACE_SECONDS": "0.5", "MILLSTREAM_LOG_FLUSH_SECONDS": "0.5"}
    backends = Backends(private_postgres.url(), private_valkey.url(), scripted_model, settings)
    with open_desk(backends) as desk:
        worker = start_worker(backends.settings())
        yield desk, worker
        if worker.exit_code is None:
            worker.stop(30)


def test_answers_survive_the_absence_of_redis_and_of_postgresql(
    own_worker: tuple[Desk, ServerProcess],
    private_postgres: PostgresServer,
    private_valkey: ValkeyServer,
) -> None:
    desk, _ = own_worker
    script = Script(tokens=60, gate=("away", 30))
    response_id = desk.ask(asked(script))
    desk.model.wait(script.id, "held")

    private_valkey.kill()
    desk.model.open_gate("away")
    told_without_redis = desk.stored_end(response_id)
    private_valkey.restart(keep_data=False)
    told = desk.finished(response_id)

    assert told_without_redis.text == told.text == script.text

    second = Script(tokens=60, gate=("ledger", 30))
    response_id = desk.ask(asked(second))
    desk.model.wait(second.id, "held")
    private_postgres.kill()
    desk.model.open_gate("ledger")
    desk.model.wait(second.id, "ended")
    private_postgres.restart()

    assert desk.finished(response_id, seconds=60).text == second.text

    third = Script(tokens=20, gate=("restarted", 10))
    response_id = desk.ask(asked(third))
    desk.model.wait(third.id, "held")
    desk.cancel(response_id)
    assert desk.finished(response_id).final["status"] == "cancelled"


def test_a_stopped_worker_hands_over_what_outlasts_its_grace_time(
    own_worker: tuple[Desk, ServerProcess],
) -> None:
    desk, worker = own_worker
    script = Script(tokens=40, gate=("handed", 20))
    response_id = desk.ask(asked(script))
    desk.model.wait(script.id, "held")

    worker.stop(30)

    assert desk.row(response_id).status == "in_progress"
    (call,) = desk.model.wait(script.id, "client_closed")
    assert call.tokens_sent == 20
    (message,) = desk.redis.lrange("answers", 0, -1)
    assert response_id.encode() in base64.b64decode(json.loads(message)["body"])


def test_who_is_overtaken_while_cut_off_from_redis_is_free_for_the_next_at_once(
    database_url: str, redis_url: str, scripted_model: ScriptedModel
) -> None:
    address = urlsplit(redis_url)
    assert address.port is not None
    with closing(TcpProxy(address.port)) as network:
        cut_off = address._replace(netloc=f"127.0.0.1:{network.port}").geturl()
        # The answer that was begun is found again, and need not end before its worker does.
        settings = {"MILLSTREAM_SHUTDOWN_GRACE_SECONDS": "0.5"}
        worker = start_worker(Backends(database_url, cut_off, scripted_model, settings).settings())
        with open_desk(Backends(database_url, redis_url, scripted_model)) as desk:
            script = Script(tokens=3_000, rate=100)
            response_id = desk.ask(asked(script))
            desk.until_text(response_id, 10)
            network.cut()
            assert desk.ledger.responses.claim(response_id, 2) is not None

            desk.model.wait(script.id, "client_closed")
            worker.wait_for_line(f"{response_id} attempt 1: overtaken", 15)

            network.restore()
            desk.finished(desk.ask(asked(Script(tokens=5))))
            worker.stop(30)
