"""One attempt writes at a time, and goes on where the log is; each key has an end."""

import pytest
from redis import Redis

from millstream_contract.errors import Fenced
from millstream_contract.keys import log_key, state_key
from millstream_contract.token_log import TokenLog
from tests.contract.contract.token_log.entries import TTL_SECONDS, frames


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
