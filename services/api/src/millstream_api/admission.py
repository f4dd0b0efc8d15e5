"""Admission: a question is let in only when it can expect to be answered before long.

Who is refused gets 429 and when to come back; nothing of the question is kept.
"""

import logging
import math
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from redis.client import Pipeline

from millstream_api.errors import ApiError
from millstream_contract.errors import LogUnavailable
from millstream_contract.work_board import Capacity, Forecast

logger = logging.getLogger(__name__)

_LONGEST_PAUSE_SECONDS: Final = 3600
_UNKNOWN_SERVICE_SECONDS: Final = 5.0
"""How long an answer takes as long as none was measured."""


@dataclass(slots=True)
class Place:
    """One admission: it counts as a place in line until the question has taken it.

    most_ahead: how many of its conversation may be unfinished before it; None: any number.
    turn_seconds: how long one of their turns takes, 0.0 when nobody knows.
    """

    capacity: Capacity
    token: str | None
    most_ahead: int | None = None
    turn_seconds: float = 0.0

    def arrive_in(self, calls: Pipeline) -> None:
        """Give the place up in a pipeline that puts the question in line."""
        if self.token is not None:
            self.capacity.arrived_in(calls, self.token)
            self.token = None

    def give_up(self) -> None:
        """Give the place up, if the question has not taken it."""
        if self.token is None:
            return
        try:
            self.capacity.arrived(self.token)
        except LogUnavailable as error:
            logger.debug("an admission ends by itself: %s", error)


@dataclass(frozen=True, slots=True)
class Admission:
    """Lets questions in. most_in_line, longest_wait_seconds: beyond either, nobody is."""

    capacity: Capacity
    most_in_line: int
    longest_wait_seconds: float

    @contextmanager
    def admitted(self) -> Iterator[Place]:
        """Let one question in for the block. Raises ApiError (429) when the line is full.

        While Redis is away nobody knows the line, and all are let in: they wait in the ledger.
        """
        token = uuid.uuid4().hex
        try:
            forecast = self.capacity.admit(
                token,
                most_in_line=self.most_in_line,
                longest_wait_seconds=self.longest_wait_seconds,
            )
        except LogUnavailable as error:
            logger.warning("nobody knows how long the line is: %s", error)
            yield Place(self.capacity, None)
            return
        if not forecast.is_admitted:
            raise self._full(forecast)
        most_ahead = forecast.most_ahead(self.longest_wait_seconds)
        place = Place(self.capacity, token, most_ahead, forecast.turn_seconds)
        try:
            yield place
        finally:
            place.give_up()

    def _full(self, forecast: Forecast) -> ApiError:
        # How long until one would be let in: the line shortens as fast as it is worked on.
        too_long = forecast.wait_seconds - self.longest_wait_seconds
        too_many = forecast.waiting - self.most_in_line + 1
        pause = max(too_long, too_many * (forecast.pace_seconds or _UNKNOWN_SERVICE_SECONDS))
        message = (
            f"The line is full: {forecast.waiting} questions wait, about "
            f"{math.ceil(forecast.wait_seconds)} s. Nothing was kept; ask again later."
        )
        return _queue_full(message, pause)


def too_far_behind(ahead: int, place: Place) -> ApiError:
    """Return the error for a question with so many unfinished answers before it."""
    message = (
        f"The line is full: {ahead} answers of this conversation come first, about "
        f"{math.ceil((ahead - 1) * place.turn_seconds)} s. Nothing was kept; ask again later, or "
        "with millstream.when_busy interrupt."
    )
    return _queue_full(message, (ahead - (place.most_ahead or 0)) * place.turn_seconds)


def _queue_full(message: str, pause_seconds: float) -> ApiError:
    pause = min(max(1, math.ceil(pause_seconds)), _LONGEST_PAUSE_SECONDS)
    return ApiError(429, message, code="queue_full", retry_after_seconds=pause)
