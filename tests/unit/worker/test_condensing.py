"""A question that follows others is searched for with what they were about."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from millstream_worker.answering.condensing import follows, standalone
from millstream_worker.answering.prompt import Message

AUTOVACUUM = [Message("user", "What is autovacuum?"), Message("assistant", "A daemon.")]


@pytest.mark.parametrize(
    "question",
    [
        "and how do I turn it off?",
        "Why?",
        "What about NOTIFY?",
        "How about the standby?",
        "Which one is faster?",
        "What are its restrictions?",
        "Is that safe?",
        "But when?",
    ],
)
def test_a_question_that_leans_on_others_is_known(question: str) -> None:
    assert follows(question)
    assert standalone(question, []) == question


@pytest.mark.parametrize(
    "question",
    [
        "What is VACUUM?",
        "How do I take a backup with pg_dump?",
        "Is there a table that has the statistics of every index?",
        "Does it matter whether partial indexes cover all columns of large tables?",
    ],
)
def test_a_question_that_stands_on_its_own_is_left_as_it_is(question: str) -> None:
    assert standalone(question, AUTOVACUUM) == question


def test_a_follow_up_gets_the_topic_of_the_question_before_it() -> None:
    assert standalone("and how do I turn it off?", AUTOVACUUM) == (
        "autovacuum: and how do I turn it off?"
    )


def test_the_topic_is_that_of_the_question_that_began_it() -> None:
    history = [
        Message("user", "What is VACUUM?"),
        Message("assistant", "A command."),
        *AUTOVACUUM,
        Message("user", "and how do I turn it off?"),
        Message("assistant", "By a setting."),
    ]

    assert standalone("Why would I?", history) == "autovacuum turn: Why would I?"


def test_answers_and_instructions_give_no_topic() -> None:
    history = [Message("system", "Talk of whales."), Message("assistant", "Hello there.")]

    assert standalone("Why?", history) == "Why?"


@given(st.text())
@example("\N{KATAKANA MIDDLE DOT}")
@example("\N{HEXAGRAM FOR THE CREATIVE HEAVEN}")
def test_no_question_is_too_strange_to_be_searched_for(question: str) -> None:
    assert standalone(question, AUTOVACUUM).endswith(question)
