"""Tokens of an answer: the sum over the requests that it took."""

from collections.abc import Sequence

from millstream_contract.objects import InputTokensDetails, OutputTokensDetails, Usage


def total_usage(counted: Sequence[Usage | None]) -> Usage | None:
    """Return all that the model counted together; None when it counted nothing.

    A request that broke off before the model said its count is missing from it.
    """
    known = [usage for usage in counted if usage is not None]
    if not known:
        return None
    return Usage(
        input_tokens=sum(usage.input_tokens for usage in known),
        input_tokens_details=InputTokensDetails(
            cached_tokens=sum(usage.input_tokens_details.cached_tokens for usage in known),
            cache_write_tokens=sum(
                usage.input_tokens_details.cache_write_tokens for usage in known
            ),
        ),
        output_tokens=sum(usage.output_tokens for usage in known),
        output_tokens_details=OutputTokensDetails(
            reasoning_tokens=sum(usage.output_tokens_details.reasoning_tokens for usage in known)
        ),
        total_tokens=sum(usage.total_tokens for usage in known),
    )
