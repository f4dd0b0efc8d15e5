"""Accepting: stored, opened, enqueued, once for each idempotency key."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
from redis import Redis

from millstream_contract.keys import QUEUED_KEY
from tests.harness.api_client import ApiClient, checked_http
from tests.harness.stack import Backends


def test_an_accepted_question_is_stored_enqueued_by_name_and_its_log_is_open(
    client: ApiClient, shared_backends: Backends
) -> None:
    with Redis.from_url(shared_backends.redis_url) as redis:
        response = client.start("What is a log?")

        assert _tasks_of(redis, response["id"])[0] == "millstream.answer"
        assert redis.xlen(f"millstream:{{{response['id']}}}:log") == 2
    assert response["status"] == "queued"
    assert client.retrieve(response["id"]) == response


def test_a_question_is_enqueued_whole_after_redis_has_forgotten_its_scripts(
    client: ApiClient, shared_backends: Backends
) -> None:
    with Redis.from_url(shared_backends.redis_url) as redis:
        client.start("What is a log?")
        redis.script_flush()

        response_id = client.start("What is a log?")["id"]

        assert _tasks_of(redis, response_id)[0] == "millstream.answer"
        assert redis.xlen(f"millstream:{{{response_id}}}:log") == 2
        assert redis.zscore(QUEUED_KEY, response_id)


def test_the_same_idempotency_key_gives_the_same_response_also_at_once(
    client: ApiClient, shared_backends: Backends
) -> None:
    body = {"input": "Once?", "background": True}

    def post(_: int) -> str:
        with checked_http(str(client.http.base_url)) as http:
            answer = http.post("/v1/responses", json=body, headers={"Idempotency-Key": "k1"})
        return str(answer.raise_for_status().json()["id"])

    with ThreadPoolExecutor(12) as pool:
        ids = set(pool.map(post, range(24)))

    assert len(ids) == 1
    assert _questions(shared_backends, "Once?") == 1


def test_an_idempotency_key_of_another_request_is_a_conflict(client: ApiClient) -> None:
    headers = {"Idempotency-Key": "k2"}
    client.http.post("/v1/responses", json={"input": "A", "background": True}, headers=headers)

    answer = client.http.post(
        "/v1/responses", json={"input": "B", "background": True}, headers=headers
    )

    assert answer.status_code == httpx.codes.CONFLICT
    assert answer.json()["error"]["param"] == "Idempotency-Key"


def test_the_page_of_an_allowed_origin_may_call_and_another_may_not(client: ApiClient) -> None:
    origin = "http://127.0.0.1:8050"

    allowed = client.http.get("/healthz", headers={"Origin": origin})
    other = client.http.get("/healthz", headers={"Origin": "http://evil.example"})

    assert allowed.headers["Access-Control-Allow-Origin"] == origin
    assert "Access-Control-Allow-Origin" not in other.headers


def test_a_stream_tells_proxies_not_to_buffer(client: ApiClient) -> None:
    response_id = client.start("What is a log?")["id"]

    with client.follow(response_id) as stream:
        headers = stream.headers

    assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert headers["X-Accel-Buffering"] == "no"
    assert headers["Cache-Control"] == "no-cache, no-transform"


def _tasks_of(redis: "Redis", response_id: str) -> list[str]:
    """The tasks of the messages that wait for a response.

    There may be more than one: without a worker, a reaper takes the first for lost after a while;
    and one that looks between the ledger and the queue sends one, too.
    """
    messages = [json.loads(message) for message in redis.lrange("answers", 0, -1)]
    return [
        message["headers"]["task"]
        for message in messages
        if response_id.encode() in base64.b64decode(message["body"])
    ]


def _questions(backends: Backends, question: str) -> int:
    with psycopg.connect(backends.database_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM responses WHERE question = %s", [question]
        ).fetchone()
    assert row is not None
    return int(row[0])
