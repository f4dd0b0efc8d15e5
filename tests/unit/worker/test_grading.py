"""Which passages are kept, how they are cut, and what a question is rewritten to."""

import pytest

from millstream_worker.answering.content_words import content_words, stems
from millstream_worker.answering.grading import default_min_cosine, helpful, shortened
from millstream_worker.answering.rewriting import key_words
from millstream_worker.answering.sentences import best_sentences
from tests.unit.worker.rows import passage


@pytest.mark.parametrize(
    ("text", "score", "kept"),
    [
        ("A log is a stream.", 0.85, True),
        ("A log is a stream.", 0.80, False),
        ("Bread needs salt.", 0.85, False),
    ],
    ids=["near, shares a word", "far", "shares no word"],
)
def test_a_passage_is_kept_when_it_is_near_and_shares_a_word(
    text: str, score: float, kept: bool
) -> None:
    assert bool(helpful("What are logs?", [passage(text, score=score)], 0.82)) is kept


def test_a_question_without_content_words_is_graded_by_nearness_alone() -> None:
    assert helpful("what is it?", [passage("Bread.", score=0.9)], 0.82)


def test_a_word_counts_whatever_its_ending_and_script() -> None:
    assert stems("streams") == stems("streaming") == stems("streamed")
    assert stems("トークンログ") & stems("ログ")
    assert content_words("What is the TOKEN log, and the log's token?") == ["token", "log", "log's"]


@pytest.mark.parametrize(
    ("endpoint", "cosine"), [("multilingual-E5-small", 0.82), ("databricks-gte-large-en", 0.25)]
)
def test_the_least_cosine_follows_from_what_is_known_of_the_endpoint(
    endpoint: str, cosine: float
) -> None:
    assert default_min_cosine(endpoint) == cosine


def test_passages_share_the_room_and_are_numbered_anew() -> None:
    long = "Nothing here. " * 20 + "The log is a stream. " + "Nothing there. " * 20
    found = [passage("Short log.", number=4), passage(long, number=7), passage("x", number=9)]

    kept = shortened("log", found, 2, 100)

    assert [p.number for p in kept] == [1, 2]
    assert kept[0].text == "Short log."
    assert "The log is a stream." in kept[1].text
    assert sum(len(p.text) for p in kept) <= 100


def test_sentences_are_kept_in_their_order() -> None:
    text = "First a log. Then bread and much other food. Last a log again."

    assert best_sentences(text, stems("log"), 32) == "First a log. Last a log again."


@pytest.mark.parametrize("text", ["word " * 100, "x" * 500, "A. " + "log " * 100])
def test_a_sentence_that_does_not_fit_is_cut(text: str) -> None:
    cut = best_sentences(text, stems("log"), 50)

    assert 0 < len(cut) <= 50
    assert cut.endswith("…")


def test_a_rewritten_question_brings_the_words_of_the_one_before() -> None:
    assert (
        key_words("And how long does it live?", "What is the token log?") == "long live token log"
    )
    assert key_words("What is it?", None) == ""
