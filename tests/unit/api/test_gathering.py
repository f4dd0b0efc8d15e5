"""What many ask at the same time goes out together, and each gets an answer to what it asked."""

import gevent
import pytest
from gevent.event import Event

from millstream_api.gathering import Gathering


class Away(Exception):
    """Nobody answers."""


class Server:
    """Answers with the number of the trip; the next one waits until it is let go."""

    def __init__(self) -> None:
        self.trips: list[list[str]] = []
        self.go_on = Event()
        self.go_on.set()
        self.is_away = False

    def trip(self, questions: list[str]) -> list[str | Exception]:
        self.trips.append(questions)
        number = len(self.trips)
        self.go_on.wait()
        if self.is_away:
            raise Away
        return [Away(one) if one == "wrong" else f"{one} {number}" for one in questions]


def _asking(gathering: Gathering[str, str], *questions: str) -> list["gevent.Greenlet[..., str]"]:
    return [gevent.spawn(gathering.ask, question) for question in questions]


def _answers(asking: list["gevent.Greenlet[..., str]"]) -> list[str]:
    gevent.joinall(asking)
    return [one.get() for one in asking]


def test_who_asks_at_the_same_time_shares_a_trip_and_the_same_question_goes_out_once() -> None:
    server = Server()

    answers = _answers(_asking(Gathering(server.trip, most=10), "a", "b", "a", "b"))

    assert server.trips == [["a", "b"]]
    assert answers == ["a 1", "b 1", "a 1", "b 1"]


def test_a_trip_takes_no_more_than_it_may_and_all_are_answered_in_their_order() -> None:
    server = Server()
    questions = [str(number) for number in range(7)]

    answers = _answers(_asking(Gathering(server.trip, most=3), *questions))

    assert server.trips == [["0", "1", "2"], ["3", "4", "5"], ["6"]]
    assert answers == ["0 1", "1 1", "2 1", "3 2", "4 2", "5 2", "6 3"]


def test_who_asks_while_a_trip_is_under_way_gets_no_answer_from_before_it_asked() -> None:
    server = Server()
    gathering = Gathering(server.trip, most=10)
    server.go_on.clear()
    first = _asking(gathering, "a")
    gevent.idle()
    later = _asking(gathering, "a")
    gevent.idle()

    server.go_on.set()

    assert _answers([*first, *later]) == ["a 1", "a 2"]


def test_when_nobody_answers_all_who_wait_learn_it_and_the_next_one_is_answered() -> None:
    server = Server()
    gathering = Gathering(server.trip, most=1)
    server.is_away = True

    asking = _asking(gathering, "a", "b", "a", "c")
    gevent.joinall(asking)

    assert [type(one.exception) for one in asking] == [Away] * 4
    assert len(server.trips) == 1
    server.is_away = False
    assert gathering.ask("a") == "a 2"


def test_what_is_wrong_with_one_question_is_told_to_who_asked_it() -> None:
    gathering = Gathering(Server().trip, most=10)

    wrong, right = _asking(gathering, "wrong", "right")
    gevent.joinall([wrong, right])

    assert right.get() == "right 1"
    with pytest.raises(Away, match="wrong"):
        wrong.get()


def test_who_goes_away_takes_nobodys_answer_along() -> None:
    server = Server()
    gathering = Gathering(server.trip, most=10)
    server.go_on.clear()
    gone, staying = _asking(gathering, "a", "a")
    gevent.idle()

    gone.kill()
    server.go_on.set()

    assert staying.get() == "a 1"
