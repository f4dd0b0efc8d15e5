import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millstream_models.relevance import Candidate, Vector, choose_sentences, word_overlaps
from millstream_models.words import meaning_words

QUESTION = "Which signal reopens the log files?"


def towards(cosine: float) -> Vector:
    """A vector of length 1 whose cosine with the question's vector is `cosine`."""
    return np.array([cosine, np.sqrt(1 - cosine**2)], dtype=np.float32)


QUESTION_VECTOR = towards(1.0)
REOPENS = Candidate(2, "Signals", "USR1 reopens the log files.")
RELOADS = Candidate(2, "Signals", "HUP reloads the settings.")
UNRELATED = Candidate(1, "Kitchen", "A chicken is roasted for an hour.")


def choose(*scored: tuple[Candidate, float]) -> list[Candidate]:
    candidates = [candidate for candidate, _ in scored]
    vectors = [towards(cosine) for _, cosine in scored]
    return choose_sentences(QUESTION, QUESTION_VECTOR, candidates, vectors)


def test_the_sentence_closest_to_the_question_is_chosen() -> None:
    assert choose((UNRELATED, 0.7), (REOPENS, 0.9)) == [REOPENS]


def test_of_two_equally_close_sentences_the_one_with_the_asked_words_leads() -> None:
    assert REOPENS in choose((UNRELATED, 0.86), (REOPENS, 0.86))
    assert choose((UNRELATED, 0.80), (REOPENS, 0.85)) == [REOPENS]


def test_two_close_sentences_keep_the_order_of_the_passages() -> None:
    assert choose((RELOADS, 0.93), (REOPENS, 0.88)) == [RELOADS, REOPENS]


def test_nothing_is_chosen_when_nothing_is_close() -> None:
    assert choose((UNRELATED, 0.80), (RELOADS, 0.79)) == []


def test_nothing_is_chosen_from_nothing() -> None:
    assert choose_sentences(QUESTION, QUESTION_VECTOR, [], []) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_the_choice_is_the_same_each_time_and_at_most_two(cosines: list[float]) -> None:
    scored = [(Candidate(i, "T", f"Sentence number {i}."), c) for i, c in enumerate(cosines)]

    assert choose(*scored) == choose(*scored)
    assert len(choose(*scored)) <= 2


def test_overlap_is_the_share_of_the_questions_meaning() -> None:
    everything = Candidate(1, "", "The signal reopens log files.")
    titled = Candidate(2, "Log files", "The signal reopens them.")
    nothing = Candidate(3, "", "A chicken is roasted.")

    whole, partly, none = word_overlaps(QUESTION, [everything, titled, nothing])

    assert whole == pytest.approx(1.0)
    assert 0 < partly < whole
    assert none == 0.0


def test_a_question_of_common_words_only_overlaps_with_nothing() -> None:
    assert word_overlaps("What is it?", [REOPENS]) == [0.0]


def test_words_are_compared_by_stem_and_compounds_by_their_parts() -> None:
    assert meaning_words("Reopening files") == meaning_words("the file reopens")
    assert {"static_url_path", "static", "url", "path"} <= meaning_words("static_url_path")
