"""Turns what the model's client raises into our own errors, at the rim."""

import json
from typing import Final

import httpx
import openai

from millstream_worker.model_errors import (
    ModelBusy,
    ModelCut,
    ModelError,
    ModelRefused,
    ModelStalled,
    ModelUnavailable,
)

_TEMPORARY: Final = frozenset({408, 409, 425})
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500


def translated(error: Exception, *, begun: bool) -> ModelError:
    """Return what an error of the client means; ``begun``: something of the answer had come."""
    said = f"{type(error).__name__}: {error}"
    match error:
        case openai.APITimeoutError():
            return _timeout(error, said)
        case openai.APIStatusError():
            return _status(error, said)
        case json.JSONDecodeError():
            return ModelCut(said)
        case openai.APIError() | httpx.HTTPError() | OSError():
            cause = f" ({error.__cause__})" if error.__cause__ else ""
            return ModelCut(said + cause) if begun else ModelUnavailable(said + cause)
    return ModelRefused(said)


def _timeout(error: openai.APITimeoutError, said: str) -> ModelError:
    if isinstance(error.__cause__, httpx.ConnectTimeout):
        return ModelUnavailable(said)
    return ModelStalled(said)


def _status(error: openai.APIStatusError, said: str) -> ModelError:
    if error.status_code == _TOO_MANY:
        return ModelBusy(said, retry_after_seconds=_retry_after(error))
    if error.status_code >= _SERVER_ERROR or error.status_code in _TEMPORARY:
        return ModelUnavailable(said, retry_after_seconds=_retry_after(error))
    return ModelRefused(said)


def _retry_after(error: openai.APIStatusError) -> float | None:
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "")))
    except ValueError:
        return None
