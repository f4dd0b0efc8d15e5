"""The connection of a log writer: one for an answer, held while it is written, and given back."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from redis import Redis

from millstream_contract.identifiers import new_id
from millstream_contract.keys import log_key
from millstream_contract.redis_connection import redis_client
from millstream_contract.token_log import TokenLog
from millstream_worker.answering.log_writer import LogWriter
from tests.harness.deadlines import eventually
from tests.harness.valkey import ValkeyServer
from tests.integration.worker.log_writing import ID, after_a_pause, logged, piece, writing

_END = "the end of what is monitored"


@pytest.fixture
def redis(private_valkey: ValkeyServer) -> Iterator["Redis"]:
    with redis_client(private_valkey.url(), timeout_seconds=5, most_connections=8) as client:
        yield client


@pytest.fixture
def admin(private_valkey: ValkeyServer) -> Iterator["Redis"]:
    """A client that is not the worker's."""
    with private_valkey.client() as client:
        yield client


def in_use(redis: "Redis") -> int:
    """Count the connections of the client's pool that somebody has."""
    _, (count, _) = redis.connection_pool.get_connection_count()
    return count


@contextmanager
def monitored(admin: "Redis", ports: set[int]) -> Iterator[None]:
    """Note from which ports scripts are called within the block."""
    with admin.monitor() as monitor:  # type: ignore[no-untyped-call]
        yield
        admin.echo(_END)
        for said in iter(monitor.next_command, None):
            if _END in said["command"]:
                return
            if said["command"].startswith("EVALSHA"):
                ports.add(int(said["client_port"]))


def test_all_of_an_answer_goes_over_one_connection_whoever_brings_it(
    redis: "Redis", admin: "Redis"
) -> None:
    log = TokenLog(redis)
    ports: set[int] = set()
    with writing(log) as (writer, _), ExitStack() as others:
        with monitored(admin, ports):
            for number in range(5):
                after_a_pause()
                writer.write_one([piece(str(number))])
                writer.write([piece("by the thread")])
                assert writer.flush(30)
                # What the pool would give next is in use elsewhere.
                taken = redis.connection_pool.get_connection()
                others.callback(redis.connection_pool.release, taken)
            admin.flushall()
            writer.check()
            eventually("the log to be whole", lambda: admin.xlen(log_key(ID)) == 12)

    assert len(ports) == 1


def close(writer: LogWriter, log: TokenLog, valkey: ValkeyServer) -> None:
    writer.close()


def abandon(writer: LogWriter, log: TokenLog, valkey: ValkeyServer) -> None:
    writer.abandon()


def fence(writer: LogWriter, log: TokenLog, valkey: ValkeyServer) -> None:
    log.take_over(ID, 2)
    writer.write([piece("late")])
    assert not writer.flush(30)


def outlast_its_patience(writer: LogWriter, log: TokenLog, valkey: ValkeyServer) -> None:
    valkey.kill()
    writer.write([piece("lost")])
    assert not writer.flush(30)


@pytest.mark.parametrize("end", [close, abandon, fence, outlast_its_patience])
def test_the_connection_is_given_back_however_the_writing_ends(
    redis: "Redis",
    private_valkey: ValkeyServer,
    end: Callable[[LogWriter, TokenLog, ValkeyServer], None],
) -> None:
    log = TokenLog(redis)
    with writing(log, held=end is not fence, patience_seconds=0.2) as (writer, _):
        assert writer.flush(30)
        assert in_use(redis) == 1

        end(writer, log, private_valkey)

        eventually("the connection to be given back", lambda: in_use(redis) == 0)


def test_no_connection_is_held_before_there_is_something_to_append(redis: "Redis") -> None:
    log = TokenLog(redis)
    with writing(log, logged=2) as (writer, _):
        assert in_use(redis) == 0

        writer.write([piece("first")])

        eventually("a connection to be held", lambda: in_use(redis) == 1)


def test_a_connection_that_was_given_back_serves_the_next_answer(
    redis: "Redis", admin: "Redis"
) -> None:
    log = TokenLog(redis)
    for _ in range(5):
        with writing(log, response_id=new_id("resp")) as (writer, _):
            writer.write([piece("x")])
            writer.close()

    # The one that asks is not the worker's.
    assert len(admin.client_list()) == 1 + 1


def test_answers_at_a_time_need_as_many_connections_also_when_they_heal(
    private_valkey: ValkeyServer, admin: "Redis"
) -> None:
    answers = 4
    all_written = threading.Barrier(answers + 1, timeout=30)
    logs_are_lost = threading.Event()

    def answer(log: TokenLog, response_id: str) -> None:
        with writing(log, response_id=response_id) as (writer, _):
            for number in range(20):
                writer.write_one([piece(str(number))])
            writer.flush(30)
            all_written.wait()
            logs_are_lost.wait(30)
            writer.write_one([piece("after")])
            writer.close()

    url = private_valkey.url()
    with redis_client(url, timeout_seconds=5, most_connections=answers) as redis:
        log = TokenLog(redis)
        ids = [new_id("resp") for _ in range(answers)]
        threads = [threading.Thread(target=answer, args=(log, one)) for one in ids]
        for thread in threads:
            thread.start()
        all_written.wait()
        assert in_use(redis) == answers
        admin.flushall()
        logs_are_lost.set()
        for thread in threads:
            thread.join(60)

        assert in_use(redis) == 0
        for one in ids:
            assert [frame.sequence_number for frame in logged(log, one)] == list(range(23))
