"""A stop is told to whoever writes, and to all workers."""

from redis import Redis

from millstream_contract.keys import STOPS_CHANNEL
from millstream_contract.token_log import TokenLog
from tests.contract.contract.token_log.entries import frames, listening


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
