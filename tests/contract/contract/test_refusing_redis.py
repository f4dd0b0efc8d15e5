"""A Redis that answers and refuses is as good as away: it is said by name, and nothing is lost."""

import pytest

from millstream_contract.errors import LogUnavailable
from millstream_contract.identifiers import new_id
from millstream_contract.redis_connection import redis_client
from millstream_contract.token_log import TokenLog
from millstream_contract.work_board import Lease, WorkBoard
from tests.contract.contract.board_counts import counts
from tests.contract.contract.token_log.entries import frames
from tests.harness.refusals import ENDLESS_SCRIPT, REFUSALS, Refusal
from tests.harness.valkey import ValkeyServer

pytestmark = pytest.mark.parametrize("refusal", REFUSALS, ids=str)


@pytest.fixture
def response_id() -> str:
    return new_id("resp")


def test_no_write_to_a_log_passes_for_done_and_each_can_be_repeated(
    private_valkey: ValkeyServer, response_id: str, refusal: Refusal
) -> None:
    with redis_client(private_valkey.url(), timeout_seconds=5) as client:
        log = TokenLog(client)
        log.append(response_id, 0, frames(0, 1))

        with refusal.on(private_valkey):
            for call in (
                lambda: log.append(response_id, 0, frames(2, 3)),
                lambda: log.take_over(response_id, 1),
                lambda: log.request_stop(response_id),
                log.ping,
            ):
                with pytest.raises(LogUnavailable):
                    call()

        log.ping()
        assert log.append(response_id, 0, frames(2, 3)).count == 4
        assert log.take_over(response_id, 1).stop is False
        assert log.read_after(response_id, -1) == frames(0, 3)


def test_a_log_is_read_all_the_same_unless_the_server_answers_nobody(
    private_valkey: ValkeyServer, response_id: str, refusal: Refusal
) -> None:
    with redis_client(private_valkey.url(), timeout_seconds=5) as client:
        log = TokenLog(client)
        log.append(response_id, 0, frames(0, 1))

        with refusal.on(private_valkey):
            if refusal is ENDLESS_SCRIPT:
                with pytest.raises(LogUnavailable):
                    log.read_after(response_id, -1)
            else:
                assert log.read_after(response_id, -1) == frames(0, 1)


def test_the_board_keeps_who_waits_and_who_works(
    private_valkey: ValkeyServer, response_id: str, refusal: Refusal
) -> None:
    with redis_client(private_valkey.url(), timeout_seconds=5) as client:
        board = WorkBoard(client, lease_seconds=60)
        lease = Lease(new_id("resp"), 1)
        board.put_in_line(response_id)
        board.take(lease)

        with refusal.on(private_valkey):
            for call in (
                lambda: board.put_in_line(new_id("resp")),
                # Nobody is found lost by whom nobody can renew.
                lambda: board.renew([lease]),
                lambda: board.expired(lambda late: [None for _ in late]),
                lambda: board.may_check_ledger(5),
            ):
                with pytest.raises(LogUnavailable):
                    call()

        assert counts(client) == (1, 1)
        assert board.renew([lease]) == []
