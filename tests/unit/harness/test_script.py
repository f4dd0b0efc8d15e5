import json

import pytest

from bench.scripted_model.chunks import CompletionEncoder, text_json
from bench.scripted_model.embeddings import FLOOR_COSINE, embed
from bench.scripted_model.fault import Fault
from bench.scripted_model.playback import rest_after
from bench.scripted_model.script import (
    AWKWARD_TOKENS,
    DirectiveError,
    Script,
    find_script,
    joined,
    scripted_text,
    scripted_tokens,
    without_directives,
)


def cosine(one: str, other: str) -> float:
    return sum(a * b for a, b in zip(embed(one, 384), embed(other, 384), strict=True))


def test_the_same_seed_gives_the_same_text_and_another_seed_another() -> None:
    assert scripted_text(7, 400) == scripted_text(7, 400)
    assert scripted_text(7, 400) != scripted_text(8, 400)
    assert len(scripted_tokens(7, 400)) == 400


def test_a_shorter_script_is_the_beginning_of_a_longer_one() -> None:
    assert scripted_tokens(7, 400)[:100] == scripted_tokens(7, 100)


def test_tokens_can_be_made_as_long_as_asked_for() -> None:
    tokens = scripted_tokens(1, 2000, size=40)

    assert {len(token) >= 40 for token in tokens if token} == {True}
    assert "" in tokens


def test_long_scripts_contain_every_awkward_token() -> None:
    assert set(AWKWARD_TOKENS) <= set(scripted_tokens(1, 2000))


@pytest.mark.parametrize(
    "script",
    [
        Script(),
        Script(tokens=400, seed=7, rate=50, first_ms=12.5),
        Script(gate=("a: b", 20), continues=False, finish="length"),
        Script(fault=Fault("status", 429, 1), fault_times=2, fault_on="both"),
        Script(fault=Fault("refuse")),
        Script(fault=Fault("cut", 20)),
        Script(name="long words"),
        Script(tokens=30, size=500, timed=True),
        Script(literal=("\ud83d", "\ude00", "]]", '"', "\n", "")),
    ],
)
def test_a_script_is_read_back_from_its_directive(script: Script) -> None:
    question = f"What is [1] a log? {script.directive()} Say it in [[short]]."

    assert find_script(question).script == script


def test_two_questions_with_one_script_can_be_told_apart() -> None:
    assert Script().directive() != Script().directive()


def test_the_last_directive_of_a_conversation_wins() -> None:
    old, new = Script(seed=1), Script(seed=2)

    assert find_script(f"{old.directive()} and then {new.directive()}").script == new


def test_a_question_without_directive_is_answered_with_a_citation() -> None:
    assert "[1]" in find_script("What is a log?").script.text


@pytest.mark.parametrize(
    "directive",
    [
        "[[script tokens=many]]",
        "[[script speed=3]]",
        "[[script fault=explode:3]]",
        "[[script fault_on=never]]",
        '[[tokens "not base64"]]',
        '[[tokens "MTI="]]',
    ],
)
def test_a_directive_that_cannot_be_understood_is_refused(directive: str) -> None:
    with pytest.raises(DirectiveError):
        find_script(directive)


def test_a_known_beginning_is_continued_wherever_it_ends() -> None:
    tokens = scripted_tokens(3, 60)
    text = joined(tokens)

    for end in range(len(text) + 1):
        assert text[:end] + joined(rest_after(tokens, text[:end]).tokens) == text


def test_a_known_beginning_that_ends_between_surrogates_is_continued() -> None:
    rest = rest_after(["a", "\ud83d", "\ude00", "b"], "a\N{GRINNING FACE}")

    assert rest.tokens == ["b"]
    assert rest.position == 3


def test_a_text_that_does_not_begin_the_answer_is_not_continued() -> None:
    assert rest_after(["one", " two"], "two").tokens == ["one", " two"]


@pytest.mark.parametrize("token", [*AWKWARD_TOKENS, "\ud83d", "w" * 20_000])
def test_a_chunk_is_one_line_of_json_with_the_exact_token(token: str) -> None:
    chunk = CompletionEncoder("c", 0, "m", 3).token(token, first=True)

    assert chunk.count(b"\n") == 2
    assert json.loads(chunk.removeprefix(b"data: "))["choices"][0]["delta"]["content"] == token
    assert json.loads(text_json(token)) == token


def test_texts_that_share_words_are_closer() -> None:
    question = "How does the relay fill a hole in the log?"
    passage = "A hole in the numbers is filled by the relay from the token log."

    assert cosine(question, passage) > 0.85
    assert cosine(question, "Bananas ripen in warm weather.") == pytest.approx(FLOOR_COSINE, 0.03)
    assert cosine(question, question) == pytest.approx(1.0, 1e-3)


def test_a_directive_does_not_change_the_vector_of_its_question() -> None:
    question = "How does the relay fill a hole?"

    assert embed(f"{question} {Script().directive()}", 384) == embed(question, 384)
    assert without_directives(f"{question} {Script().directive()}").strip() == question
