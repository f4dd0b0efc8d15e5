"""The turnstile: some at a time, in the order of their coming, and nobody waits for ever."""

import gevent
import pytest
from gevent.event import Event

from millstream_api.errors import ApiError
from millstream_api.turnstile import Turnstile


def test_those_who_come_at_once_pass_in_their_order_and_no_more_abreast_than_may() -> None:
    turnstile = Turnstile(2, patience_seconds=60)
    inside: list[int] = []
    passed: list[int] = []
    most = 0

    def come(number: int) -> None:
        nonlocal most
        with turnstile.passing():
            inside.append(number)
            most = max(most, len(inside))
            gevent.sleep(0)
            inside.remove(number)
        passed.append(number)

    gevent.joinall([gevent.spawn(come, number) for number in range(20)], raise_error=True)

    assert most == 2
    assert passed == list(range(20))


def test_who_would_wait_too_long_is_refused_and_the_place_stays_good() -> None:
    turnstile = Turnstile(1, patience_seconds=0.01)
    leave = Event()

    def stay() -> None:
        with turnstile.passing():
            leave.wait()

    first = gevent.spawn(stay)
    gevent.sleep(0)
    with pytest.raises(ApiError) as refused, turnstile.passing():
        pass
    leave.set()
    first.join()

    assert (refused.value.status, refused.value.code) == (503, "overloaded")
    assert int(refused.value.headers["Retry-After"]) >= 1
    with turnstile.passing():
        pass
