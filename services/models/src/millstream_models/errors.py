"""What can go wrong with a request, in the words of Databricks Model Serving.

Each error carries the HTTP status and the `error_code` that its clients already understand.
"""


class ServingError(Exception):
    """A request that cannot be served; the message is for the caller."""

    status = 500
    error_code = "INTERNAL_ERROR"

    def body(self) -> dict[str, str]:
        """The JSON body of the answer: `{"error_code", "message"}`."""
        return {"error_code": self.error_code, "message": str(self)}


class InvalidRequest(ServingError):
    """The request is malformed; sending it again cannot help."""

    status = 400
    error_code = "INVALID_PARAMETER_VALUE"


class EndpointNotFound(ServingError):
    """No endpoint of this name (or of this kind) is served here."""

    status = 404
    error_code = "RESOURCE_DOES_NOT_EXIST"


class RequestTooLarge(ServingError):
    """The request's body is larger than the limit in the settings."""

    status = 413
    error_code = "REQUEST_LIMIT_EXCEEDED"


class EndpointUnavailable(ServingError):
    """The model did not load or did not answer; a later try can succeed."""

    status = 503
    error_code = "TEMPORARILY_UNAVAILABLE"
