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
    """One admission: it counts as a place in line until the question has taken it."""

    capacity: Capacity
    token: str | None

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
        token: str | None = uuid.uuid4().hex
        try:
            forecast = self.capacity.admit(
                str(token),
                most_in_line=self.most_in_line,
                longest_wait_seconds=self.longest_wait_seconds,
            )
        except LogUnavailable as error:
            logger.warning("nobody knows how long the line is: %s", error)
            token = None
        else:
            if not forecast.is_admitted:
                raise self._full(forecast)
        place = Place(self.capacity, token)
        try:
            yield place
        finally:
            place.give_up()

    def _full(self, forecast: Forecast) -> ApiError:
        service = forecast.service_seconds or _UNKNOWN_SERVICE_SECONDS
        # How long until one would be let in: the line shortens as fast as it is worked on.
        too_long = forecast.wait_seconds - self.longest_wait_seconds
        too_many = forecast.in_line - self.most_in_line + 1
        pace = forecast.wait_seconds / forecast.in_line if forecast.wait_seconds else service
        pause = math.ceil(max(too_long, too_many * pace, 1.0))
        message = (
            f"The line is full: {forecast.in_line} questions wait, about "
            f"{math.ceil(forecast.wait_seconds)} s. Nothing was kept; ask again later."
        )
        return ApiError(
            429,
            message,
            code="queue_full",
            retry_after_seconds=min(pause, _LONGEST_PAUSE_SECONDS),
        )
