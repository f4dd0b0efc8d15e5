"""Answers for many who ask at the same time: what waits goes out together, one trip at a time.

Many ask at once when many viewers come at once, and behind an outage. A connection for each would
load a server most when it can bear it least; and in a pool of a few, everybody waits for as long as
all trips before theirs take.
"""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

import gevent
from gevent.event import AsyncResult

Question = TypeVar("Question")
Answer = TypeVar("Answer")

Trip = Callable[[list[Question]], Sequence[Answer | Exception]]
"""Brings the answers to some questions, in their order; or raises for all."""


class Gathering(Generic[Question, Answer]):
    """One trip at a time, in the order of asking. Whoever asks the same meanwhile shares."""

    def __init__(self, trip: Trip[Question, Answer], *, most: int) -> None:
        """Ask by ``trip``, of up to ``most`` questions: that bounds its time and its memory."""
        self._trip = trip
        self._most = most
        self._waiting: dict[Question, AsyncResult[Answer]] = {}
        self._is_asking = False

    def ask(self, question: Question) -> Answer:
        """Return the answer, as it was when this was called or later. Raises what the trip does."""
        result = self._waiting.get(question)
        if result is None:
            result = self._waiting[question] = AsyncResult()
        if not self._is_asking:
            self._is_asking = True
            # By nobody who asked: whoever goes away must not take the others' answers along.
            gevent.spawn(self._ask_all)
        return cast(Answer, result.get())

    def _ask_all(self) -> None:
        try:
            while self._waiting:
                self._ask_some()
        finally:
            self._is_asking = False

    def _ask_some(self) -> None:
        # Taken out before the trip: who asks from now on may know of more than it will bring.
        questions = list(self._waiting)[: self._most]
        results = [self._waiting.pop(question) for question in questions]
        try:
            answers = self._trip(questions)
        except Exception as error:  # noqa: BLE001 -- told to all who wait
            # Each has its way on from here, and nobody need wait as long as these to learn it.
            for result in [*results, *self._waiting.values()]:
                result.set_exception(error)
            self._waiting.clear()
            return
        for result, answer in zip(results, answers, strict=True):
            if isinstance(answer, Exception):
                result.set_exception(answer)
            else:
                result.set(answer)
