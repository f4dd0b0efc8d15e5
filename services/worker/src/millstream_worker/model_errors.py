"""What can go wrong with a serving endpoint.

The docstring's first line is the reason that a reader is shown: it carries no internals. What the
endpoint said is in the arguments, for the log only. ``retryable``: the same request may succeed
later. ``code`` goes to ``response.error.code``.
"""

from typing import ClassVar


class ModelError(Exception):
    """The model could not be asked."""

    retryable: ClassVar[bool] = False
    code: ClassVar[str] = "server_error"

    @property
    def reason(self) -> str:
        """What the reader is told."""
        return (type(self).__doc__ or "").splitlines()[0]

    def __str__(self) -> str:
        """Return the class and what the endpoint said, for the log."""
        said = "; ".join(str(argument) for argument in self.args)
        return f"{type(self).__name__}: {said}"


class ModelRefused(ModelError):
    """The model's endpoint refused the request."""

    code = "model_refused"


class ModelUnavailable(ModelError):
    """The model's endpoint could not be reached, or was not able to answer."""

    retryable = True
    code = "model_unavailable"

    def __init__(self, *arguments: object, retry_after_seconds: float | None = None) -> None:
        """Keep what was said, and when the endpoint asked to be tried again."""
        super().__init__(*arguments)
        self.retry_after_seconds = retry_after_seconds


class ModelBusy(ModelUnavailable):
    """The model's endpoint has too much to do. Please try again in a moment."""

    code = "rate_limit_exceeded"


class ModelStalled(ModelError):
    """The model fell silent."""

    retryable = True
    code = "model_stalled"


class ModelCut(ModelError):
    """The model's answer was cut off."""

    retryable = True
    code = "model_cut"
