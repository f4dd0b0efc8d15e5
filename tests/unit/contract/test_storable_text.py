"""Text that log, page and ledger can all carry, however it was cut on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millstream_contract.storable_text import SurrogateJoiner, storable

ANY_TEXT = st.text(
    st.one_of(
        st.characters(exclude_categories=[]),
        st.sampled_from(["\ud83d", "\ude00", "\0", "a", "\N{GRINNING FACE}"]),
    )
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("", ""),
        ("\ud83d\ude00", "\N{GRINNING FACE}"),
        ("a\ud83db", "a\ufffdb"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("\ud83d\ud83d\ude00", "\ufffd\N{GRINNING FACE}"),
        ("a\0b", "a\ufffdb"),
        ("é\0", "é\ufffd"),
        ("\ufeffmark", "\ufeffmark"),
    ],
)
def test_halves_are_joined_and_what_nobody_can_store_is_replaced(text: str, expected: str) -> None:
    assert storable(text) == expected


@given(ANY_TEXT)
def test_what_is_storable_encodes_and_stays_as_it_is(text: str) -> None:
    stored = storable(text)

    stored.encode()
    assert "\0" not in stored
    assert storable(stored) == stored


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_good_text_is_left_alone(text: str) -> None:
    assert storable(text) == text


@given(st.lists(ANY_TEXT))
def test_any_split_of_any_text_gives_the_same_as_the_whole(pieces: list[str]) -> None:
    joiner = SurrogateJoiner()

    fed = [joiner.feed(piece) for piece in pieces]

    assert "".join(fed) + joiner.close() == storable("".join(pieces))


@given(ANY_TEXT)
def test_character_by_character_gives_the_same_as_the_whole(text: str) -> None:
    joiner = SurrogateJoiner()

    assert "".join(map(joiner.feed, text)) + joiner.close() == storable(text)


def test_only_a_high_half_at_the_end_is_held_back() -> None:
    joiner = SurrogateJoiner()

    assert joiner.feed("text\ud83d") == "text"
    assert joiner.feed("\ude00!") == "\N{GRINNING FACE}!"
    assert joiner.close() == ""
