"""A reader that finds a hole has the writer look: told at once, or with its next append."""

from redis import Redis

from millstream_contract.keys import LOOKS_CHANNEL, log_key, state_key
from millstream_contract.token_log import TokenLog
from tests.contract.contract.token_log.entries import TTL_SECONDS, frames, listening


def test_a_writer_that_is_to_look_is_told_and_nothing_is_written(
    log: TokenLog, response_id: str
) -> None:
    log.append(response_id, 0, frames(0, 1))

    log.request_look(response_id)

    told = log.append(response_id, 0, frames(2, 2))
    assert (told.gap, told.count) == (True, 2)
    assert log.read_after(response_id, -1) == frames(0, 1)


def test_who_takes_the_log_over_has_looked(log: TokenLog, response_id: str) -> None:
    log.append(response_id, 0, frames(0, 1))
    log.request_look(response_id)

    assert log.take_over(response_id, 1).count == 2

    assert log.append(response_id, 1, frames(2, 2)).count == 3
    assert log.read_after(response_id, -1) == frames(0, 2)


def test_a_wish_to_look_ends_with_the_log_also_where_there_is_none(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    log.request_look(response_id)

    assert 0 < redis.ttl(state_key(response_id)) <= TTL_SECONDS
    assert not redis.exists(log_key(response_id))


def test_a_wish_to_look_is_published_to_all_workers(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    with listening(redis, LOOKS_CHANNEL) as next_message:
        log.request_look(response_id)

        assert next_message() == response_id.encode()
