"""What is appended is kept, told and read: whole, in order and byte for byte."""

import threading

import pytest
from redis import Redis

from millstream_contract.identifiers import new_id
from millstream_contract.keys import live_channel
from millstream_contract.token_log import READ_BATCH, TokenLog
from tests.contract.contract.token_log.entries import frame, frames, listening, raw

AWKWARD = ["\n", " ", "", "data: x", "[DONE]", "\N{GRINNING FACE}", "\u2028", "\x85", "w" * 20_000]


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
