from hypothesis import given
from hypothesis import strategies as st

from millstream_models.extractive import continuation, cut_at_stops


@given(st.text(), st.data())
def test_a_prefix_and_its_continuation_are_the_answer(answer: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(answer)))

    assert answer[:cut] + continuation(answer, answer[:cut]) == answer


def test_a_prefix_of_another_answer_is_followed_by_the_whole_answer() -> None:
    assert continuation("Yes. [1]", "Perhaps") == "\n\nYes. [1]"


def test_the_first_stop_text_ends_the_answer() -> None:
    assert cut_at_stops("one two three", ["three", "two"]) == "one "
    assert cut_at_stops("one two three", ["four"]) == "one two three"
    assert cut_at_stops("one two three", []) == "one two three"
