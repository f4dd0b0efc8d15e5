"""The token log's promises, on every server that can hold it."""

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from redis import Redis, RedisError

from millstream_contract.errors import Fenced, LogUnavailable
from millstream_contract.events import OutputTextDelta
from millstream_contract.frames import Frame, encode_frame
from millstream_contract.identifiers import new_id
from millstream_contract.keys import STOPS_CHANNEL, live_channel, log_key, state_key
from millstream_contract.redis_connection import redis_client
from millstream_contract.token_log import READ_BATCH, TokenLog
from tests.harness.deadlines import eventually
from tests.harness.ports import free_port
from tests.harness.valkey import ValkeyServer

TTL_SECONDS = 900
AWKWARD = ["\n", " ", "", "data: x", "[DONE]", "\N{GRINNING FACE}", "\u2028", "\x85", "w" * 20_000]


_REDIS = shutil.which("redis-server")


@pytest.fixture(params=["valkey", "redis"] if _REDIS else ["valkey"], scope="module")
def server_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server of this module's own: scripts are flushed and channels are heard here."""
    if request.param == "valkey":
        with ValkeyServer() as server:
            yield server.url()
        return
    assert _REDIS is not None
    port = free_port()
    argv = [_REDIS, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    try:
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def redis(server_url: str) -> Iterator["Redis"]:
    with redis_client(server_url, timeout_seconds=5) as client:
        eventually("the server to answer", lambda: answers(client))
        client.flushall()
        yield client


@pytest.fixture
def log(redis: "Redis") -> TokenLog:
    return TokenLog(redis, ttl_seconds=TTL_SECONDS)


@pytest.fixture
def response_id() -> str:
    return new_id("resp")


def answers(client: "Redis") -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False


def frames(first: int, last: int, mark: str = "t") -> list[Frame]:
    return [frame(number, f"{mark}{number}") for number in range(first, last + 1)]


def frame(number: int, text: str) -> Frame:
    return encode_frame(OutputTextDelta(item_id="m", output_index=0, delta=text), number)


@contextmanager
def listening(client: "Redis", channel: str) -> Iterator[Callable[[], bytes]]:
    """Give a function that waits for the next message of the channel."""
    subscription = client.pubsub()  # type: ignore[no-untyped-call]

    def next_message() -> bytes:
        message = subscription.get_message(timeout=5)
        assert message is not None
        return bytes(message["data"])

    with subscription:
        subscription.subscribe(channel)
        assert subscription.get_message(timeout=5)
        yield next_message


def raw(entries: Sequence[Frame]) -> list[tuple[int, bytes]]:
    return [(entry.sequence_number, entry.data) for entry in entries]


def test_what_is_appended_is_read_in_order_from_every_cursor(
    log: TokenLog, response_id: str
) -> None:
    written = frames(0, 9)
    log.append(response_id, 0, written[:2])
    log.take_over(response_id, 1)
    log.append(response_id, 1, written[2:])

    for cursor in range(-1, 12):
        assert log.read_after(response_id, cursor) == written[cursor + 1 :]


def test_frames_of_many_attempts_are_one_stream_from_every_cursor(
    log: TokenLog, response_id: str
) -> None:
    written = frames(0, 29)
    for attempt in range(12):
        log.take_over(response_id, attempt)
        for number in range(attempt * 2, attempt * 2 + 2):
            log.append(response_id, attempt, [written[number]])
    log.append(response_id, 11, written[24:])

    for cursor in range(-1, 31):
        assert log.read_after(response_id, cursor) == written[cursor + 1 :]
        assert log.read_after(response_id, cursor, limit=3) == written[cursor + 1 : cursor + 4]
    assert list(log.read_all(response_id)) == written


def test_a_log_longer_than_a_batch_is_read_whole(log: TokenLog, response_id: str) -> None:
    written = frames(0, 2 * READ_BATCH + 7)
    log.append(response_id, 0, written)

    assert list(log.read_all(response_id)) == written
    assert log.read_after(response_id, -1) == written[:READ_BATCH]
    assert log.count(response_id) == len(written)


@pytest.mark.parametrize("token", AWKWARD, ids=[repr(token[:10]) for token in AWKWARD])
def test_an_awkward_token_is_kept_byte_for_byte(
    log: TokenLog, response_id: str, token: str
) -> None:
    written = [frame(0, token), frame(1, token)]

    log.append(response_id, 0, written)

    assert raw(log.read_after(response_id, -1)) == raw(written)


def test_an_append_publishes_the_bytes_that_it_logs_in_one_message(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    with listening(redis, live_channel(response_id)) as next_message:
        log.append(response_id, 0, frames(0, 2))

        assert next_message() == b"".join(entry.data for entry in frames(0, 2))


def test_whoever_hears_a_frame_finds_it_in_the_log(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    with listening(redis, live_channel(response_id)) as next_message:
        for number in range(20):
            log.append(response_id, 0, [frame(number, "x")])

            message = next_message()
            assert log.read_after(response_id, number - 1)[0].data == message


def test_a_repeated_append_writes_and_publishes_only_what_is_new(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    log.append(response_id, 0, frames(0, 3))
    with listening(redis, live_channel(response_id)) as next_message:
        assert log.append(response_id, 0, frames(0, 3)).count == 4
        assert log.append(response_id, 0, frames(2, 5)).count == 6

        assert next_message() == b"".join(entry.data for entry in frames(4, 5))
    assert log.read_after(response_id, -1) == frames(0, 5)


def test_a_gap_is_told_and_nothing_is_written(log: TokenLog, response_id: str) -> None:
    log.append(response_id, 0, frames(0, 2))

    reply = log.append(response_id, 0, frames(4, 5))

    assert (reply.gap, reply.count) == (True, 3)
    assert log.read_after(response_id, -1) == frames(0, 2)
    assert log.append(response_id, 0, frames(3, 5)).gap is False
    assert log.read_after(response_id, -1) == frames(0, 5)


def test_an_attempt_that_was_overtaken_is_fenced_at_once(log: TokenLog, response_id: str) -> None:
    log.append(response_id, 0, frames(0, 1))
    log.take_over(response_id, 1)
    log.append(response_id, 1, frames(2, 3, "old"))

    assert log.take_over(response_id, 2).count == 4

    for write in (frames(4, 5), frames(2, 3, "old"), frames(0, 1), frames(9, 9)):
        with pytest.raises(Fenced):
            log.append(response_id, 1, write)
    with pytest.raises(Fenced):
        log.take_over(response_id, 1)
    assert log.count(response_id) == 4


def test_taking_over_twice_is_harmless(log: TokenLog, response_id: str) -> None:
    log.append(response_id, 0, frames(0, 1))

    assert log.take_over(response_id, 1) == log.take_over(response_id, 1)
    assert log.append(response_id, 1, frames(2, 2)).count == 3


def test_an_attempt_that_did_not_take_over_cannot_write(log: TokenLog, response_id: str) -> None:
    log.append(response_id, 0, frames(0, 1))

    assert log.append(response_id, 1, frames(2, 2)).gap
    assert log.count(response_id) == 2


def test_a_log_that_redis_lost_is_written_again_from_the_first_frame(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    log.append(response_id, 0, frames(0, 1))
    log.take_over(response_id, 1)
    log.append(response_id, 1, frames(2, 5))
    redis.flushall()

    reply = log.append(response_id, 1, frames(6, 7))
    assert (reply.gap, reply.count) == (True, 0)
    assert log.take_over(response_id, 1).count == 0
    log.append(response_id, 1, frames(0, 7))

    assert log.read_after(response_id, -1) == frames(0, 7)


def test_a_state_that_is_lost_is_known_again_from_the_log(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    log.append(response_id, 0, frames(0, 1))
    log.take_over(response_id, 3)
    log.append(response_id, 3, frames(2, 5))
    redis.delete(state_key(response_id))

    with pytest.raises(Fenced):
        log.take_over(response_id, 2)
    assert log.take_over(response_id, 4).count == 6
    assert log.append(response_id, 4, frames(6, 6)).count == 7
    assert log.read_after(response_id, -1) == frames(0, 6)


def test_a_log_that_is_lost_while_its_state_is_not_is_a_gap(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    log.append(response_id, 0, frames(0, 3))
    redis.delete(log_key(response_id))

    assert log.append(response_id, 0, frames(4, 4)).gap
    assert log.take_over(response_id, 1).count == 0
    assert log.append(response_id, 1, frames(0, 4)).count == 5
    assert log.read_after(response_id, -1) == frames(0, 4)


def test_an_attempt_whose_predecessor_is_lost_begins_far_above_and_loses_nothing_again(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    assert log.take_over(response_id, 2, least_count=1000).count == 1000
    log.append(response_id, 2, frames(1000, 1002))
    redis.delete(log_key(response_id))
    lost_once = log.append(response_id, 2, frames(1003, 1003))
    log.take_over(response_id, 2, least_count=1000)
    log.append(response_id, 2, frames(1000, 1003))

    assert (lost_once.gap, lost_once.count) == (True, 1000)
    assert log.read_after(response_id, 5) == frames(1000, 1003)
    assert log.take_over(response_id, 3).count == 1004


def test_every_key_has_an_end_and_both_end_together(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    keys = [log_key(response_id), state_key(response_id)]

    def ends() -> list[int]:
        assert redis.dbsize() <= len(keys)
        return [redis.pexpiretime(key) for key in keys if redis.exists(key)]

    log.append(response_id, 0, frames(0, 1))
    for act in (
        lambda: log.take_over(response_id, 1),
        lambda: log.append(response_id, 1, frames(2, 2)),
        lambda: log.append(response_id, 1, frames(2, 2)),
        lambda: log.request_stop(response_id),
    ):
        for key in keys:
            redis.pexpire(key, 5000)

        act()

        assert len(ends()) == 2
        assert max(ends()) - min(ends()) <= 50
        assert min(ends()) > 0
        assert all(redis.pttl(key) > (TTL_SECONDS - 60) * 1000 for key in keys)


def test_a_stop_is_told_with_every_append_from_then_on(log: TokenLog, response_id: str) -> None:
    log.append(response_id, 0, frames(0, 1))
    assert not log.take_over(response_id, 1).stop
    assert not log.append(response_id, 1, frames(2, 2)).stop

    log.request_stop(response_id)

    assert log.append(response_id, 1, frames(3, 3)).stop
    assert log.append(response_id, 1, frames(3, 3)).stop
    assert log.take_over(response_id, 2).stop
    assert log.append(response_id, 2, frames(4, 4)).stop


def test_a_stop_before_the_first_frame_is_not_lost(log: TokenLog, response_id: str) -> None:
    log.request_stop(response_id)

    assert log.append(response_id, 0, frames(0, 1)).stop
    assert log.read_after(response_id, -1) == frames(0, 1)


def test_a_stop_is_published_to_all_workers(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    with listening(redis, STOPS_CHANNEL) as next_message:
        log.request_stop(response_id)

        assert next_message() == response_id.encode()


def test_a_server_that_forgot_the_scripts_is_told_them_again(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    log.append(response_id, 0, frames(0, 0))
    redis.script_flush()

    log.append(response_id, 0, frames(1, 1))
    redis.script_flush()
    assert log.read_after(response_id, -1) == frames(0, 1)
    redis.script_flush()
    assert log.take_over(response_id, 1).count == 2


def test_writers_of_one_attempt_at_once_leave_one_stream(log: TokenLog, response_id: str) -> None:
    written = frames(0, 59)

    def write() -> None:
        for number in range(0, 60, 3):
            log.append(response_id, 0, written[number : number + 3])

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert list(log.read_all(response_id)) == written


def test_an_unknown_response_has_an_empty_log(log: TokenLog, response_id: str) -> None:
    assert log.read_after(response_id, -1) == []
    assert list(log.read_all(response_id)) == []
    assert log.count(response_id) == 0


def test_logs_of_two_responses_do_not_meet(log: TokenLog) -> None:
    one, other = new_id("resp"), new_id("resp")
    log.append(one, 0, frames(0, 3, "one"))
    log.append(other, 0, frames(0, 3, "other"))

    log.request_stop(one)

    assert log.read_after(other, -1) == frames(0, 3, "other")
    assert not log.append(other, 0, frames(4, 4)).stop


def test_a_server_that_is_gone_is_said_by_name(response_id: str) -> None:
    with redis_client(f"redis://127.0.0.1:{free_port()}", timeout_seconds=1) as client:
        log = TokenLog(client)
        for call in (
            lambda: log.append(response_id, 0, frames(0, 0)),
            lambda: log.take_over(response_id, 1),
            lambda: log.read_after(response_id, -1),
            lambda: log.request_stop(response_id),
            lambda: log.count(response_id),
            log.ping,
        ):
            with pytest.raises(LogUnavailable):
                call()


def test_readers_at_the_same_time_share_the_connections_there_may_be(
    private_valkey: ValkeyServer, response_id: str
) -> None:
    url = private_valkey.url()
    with redis_client(url, timeout_seconds=30, most_connections=2) as client:
        log = TokenLog(client)
        log.append(response_id, 0, frames(0, 9))
        with ThreadPoolExecutor(20) as readers:
            read = list(readers.map(lambda _: log.read_after(response_id, -1), range(500)))

        assert read == [frames(0, 9)] * 500
        assert len(client.client_list()) == 2


def test_a_connection_that_does_not_become_free_is_waited_for_no_longer_than_a_reply(
    private_valkey: ValkeyServer, response_id: str
) -> None:
    url = private_valkey.url()
    with redis_client(url, timeout_seconds=0.2, most_connections=1) as client:
        log = TokenLog(client)
        pool = client.connection_pool
        held = pool.get_connection()

        with pytest.raises(LogUnavailable):
            log.read_after(response_id, -1)

        pool.release(held)
        assert log.read_after(response_id, -1) == []


def test_a_server_that_hangs_is_given_up_after_the_timeout(
    private_valkey: ValkeyServer, response_id: str
) -> None:
    with redis_client(private_valkey.url(), timeout_seconds=0.2) as client:
        log = TokenLog(client)
        log.append(response_id, 0, frames(0, 0))
        private_valkey.pause()

        with pytest.raises(LogUnavailable):
            log.append(response_id, 0, frames(1, 1))

        private_valkey.resume()
        assert log.append(response_id, 0, frames(1, 1)).count == 2
        assert log.read_after(response_id, -1) == frames(0, 1)


def test_a_server_that_was_restarted_with_its_data_goes_on(
    private_valkey: ValkeyServer, response_id: str
) -> None:
    with redis_client(private_valkey.url(), timeout_seconds=5) as client:
        log = TokenLog(client)
        log.append(response_id, 0, frames(0, 1))

        private_valkey.restart(keep_data=True)

        assert log.append(response_id, 0, frames(2, 2)).count == 3
        assert log.read_after(response_id, -1) == frames(0, 2)
