"""How many requests one user may send in a minute, counted in Redis for all API processes.

A message on a WebSocket counts as one: it is a request, but for its headers.

While Redis is away each process counts for itself: the limit is then a looser one, and not none.
"""

import hashlib
import math
import time
from collections.abc import Callable
from typing import Any, Final, cast

from flask import Flask, Response, current_app, request
from flask_limiter import Limiter, RateLimitExceeded
from redis import Redis, RedisError

from millstream_api.access.gate import is_open_to_all
from millstream_api.errors import ApiError, error_response
from millstream_api.identity import current_owner
from millstream_api.settings import Settings

_MINUTE: Final = 60
_STRATEGY: Final = "sliding-window-counter"
_SHARED: Final = "global"
"""The scope of what Flask-Limiter counts for a whole application."""

_MESSAGES: Final = "millstream-messages"


def limit_requests(app: Flask, settings: Settings, redis: Redis) -> None:
    """Limit the requests of each user, unless there is only one. Call it behind the gate's hook.

    redis: the client whose connections it shares: many come at once, and one of its own for each
    would stay open.
    """
    if settings.auth_mode == "local":
        return
    options: dict[str, Any] = {"connection_pool": redis.connection_pool}
    limit = f"{settings.requests_per_minute} per minute"
    limiter = _Limiter(
        _key,
        application_limits=[limit],
        strategy=_STRATEGY,
        key_prefix="millstream",
        storage_uri=settings.redis_url,
        storage_options=options,
        in_memory_fallback_enabled=True,
    )
    limiter.request_filter(_is_not_counted)
    limiter.init_app(app)

    def too_many(_: RateLimitExceeded) -> Response:
        return error_response(_refusal(limiter, settings))

    @limiter.shared_limit(limit, _SHARED)
    def count() -> None:
        """Count into the same counter as the requests."""

    def count_or_refuse() -> None:
        try:
            count()
        except RateLimitExceeded:
            raise _refusal(limiter, settings) from None

    app.register_error_handler(RateLimitExceeded, too_many)
    app.extensions[_MESSAGES] = count_or_refuse


class _Limiter(Limiter):
    """Counts in memory also for those who find Redis away at the same time as the first one."""

    def _check_request_limit(
        self, callable_name: str | None = None, in_middleware: bool = True
    ) -> None:
        try:
            super()._check_request_limit(callable_name, in_middleware)
        except RedisError:
            # Only the first of them is counted in memory then; for the others it is an error.
            self.context.seen_limits.clear()
            super()._check_request_limit(callable_name, in_middleware)


def count_message() -> None:
    """Count a message on the current request's socket as a request. Raises ApiError (429)."""
    count = cast(Callable[[], None] | None, current_app.extensions.get(_MESSAGES))
    if count is not None:
        count()


def _refusal(limiter: Limiter, settings: Settings) -> ApiError:
    current = limiter.current_limit
    seconds = math.ceil(current.reset_at - time.time()) if current else _MINUTE
    message = f"You may send {settings.requests_per_minute} requests a minute."
    pause = min(max(1, seconds), _MINUTE)
    return ApiError(429, message, code="rate_limited", retry_after_seconds=pause)


def _key() -> str:
    # Redis need not know who asks.
    return hashlib.sha256(current_owner().encode()).hexdigest()[:32]


def _is_not_counted() -> bool:
    is_there = request.routing_exception is None and request.endpoint is not None
    return not is_there or request.method == "OPTIONS" or is_open_to_all(request.endpoint)
