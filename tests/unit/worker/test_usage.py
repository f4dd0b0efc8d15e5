"""The tokens of an answer are those of all requests that it took."""

from millstream_contract.objects import InputTokensDetails, Usage
from millstream_worker.answering.usage import total_usage


def test_requests_add_up_and_one_without_a_count_is_left_out() -> None:
    first = Usage(input_tokens=10, output_tokens=3, total_tokens=13)
    second = Usage(
        input_tokens=14,
        input_tokens_details=InputTokensDetails(cached_tokens=8),
        output_tokens=5,
        total_tokens=19,
    )

    total = total_usage([first, None, second])

    assert total is not None
    assert (total.input_tokens, total.output_tokens, total.total_tokens) == (24, 8, 32)
    assert total.input_tokens_details.cached_tokens == 8


def test_without_any_count_there_is_none() -> None:
    assert total_usage([]) is None
    assert total_usage([None]) is None
