"""The compose file runs, streams through its proxy, shares load, and loses nothing when broken."""

import httpx
import pytest

from bench.scripted_model.script import Script, joined
from tests.compose.crowded import Count, count_while
from tests.compose.engine import docker
from tests.compose.project import Project
from tests.harness.api_client import ApiClient
from tests.harness.deadlines import eventually
from tests.harness.transcript import output_text

pytestmark = pytest.mark.timeout(3600)


def test_a_fresh_start_answers_from_the_demo_corpus(laptop: Project) -> None:
    with ApiClient(laptop.url) as client, client.stream("What does VACUUM do?") as stream:
        seen = stream.to_end()

    assert seen.final["status"] == "completed"
    assert output_text(seen.final) == seen.text
    assert len(seen.deltas) > 1
    assert "response.output_text.annotation.added" in seen.types


def test_the_page_is_at_the_origin_of_the_api_and_metrics_are_not(laptop: Project) -> None:
    page = httpx.get(f"{laptop.url}/")
    metrics = httpx.get(f"{laptop.url}/metrics")

    assert page.status_code == 200
    assert "connect-src 'self';" in page.headers["content-security-policy"]
    assert metrics.status_code == 404


def test_a_token_passes_the_proxy_before_the_next_one_is_made(scripted: Project) -> None:
    script = Script(tokens=40, seed=3, gate=("compose", 20))
    told = joined(script.token_list[:20])

    with (
        scripted.model() as model,
        ApiClient(scripted.url) as client,
        client.stream(_question(script)) as stream,
    ):
        stream.until_text(len(told))
        half, (call,) = stream.transcript.text, model.wait(script.id, "held")
        model.open_gate("compose")
        seen = stream.to_end()

    assert half == told
    assert call.tokens_sent == 20
    assert seen.text == script.text
    assert stream.headers["x-accel-buffering"] == "no"


def test_three_workers_share_the_load(scripted: Project) -> None:
    workers = scripted.containers("worker")
    before = [_begun(scripted, worker) for worker in workers]

    count = count_while(scripted, 1, lambda: None)

    shares = [_begun(scripted, w) - b for w, b in zip(workers, before, strict=True)]
    print(f"three workers: {count}; answers begun by each: {shares}")
    assert len(workers) == 3
    assert sum(shares) == len(count.outcomes)
    assert min(shares) > 0
    _assert_whole(count)


def _kill_worker(project: Project) -> None:
    worker = project.containers("worker")[0]
    project.kill_main_process(worker)
    project.wait_until_healthy(worker)


def _kill_api(project: Project) -> None:
    (api,) = project.containers("api")
    project.kill_main_process(api)
    project.wait_until_healthy(api)


def _restart_redis(project: Project) -> None:
    project.compose("restart", "redis")
    project.wait_until_healthy(project.containers("redis")[0])


def _stop_one_worker(project: Project) -> None:
    worker = project.containers("worker")[0]
    docker("stop", worker)
    docker("start", worker)
    project.wait_until_healthy(worker)


def _stop_all_workers_at_once(project: Project) -> None:
    # One second is far less than they need to hand over: what runs is killed in mid-answer.
    project.compose("stop", "--timeout", "1", "worker")
    project.up("--no-recreate", "--scale", "worker=3", "worker")


def _replace_the_api(project: Project) -> None:
    project.compose("up", "--detach", "--no-deps", "--force-recreate", "api")
    project.wait_until_healthy(project.containers("api")[0])


def _disturb_the_servers(project: Project) -> None:
    project.compose("up", "--detach", "--no-deps", "chaos")
    eventually(
        "eight disturbances",
        lambda: len(project.compose("logs", "--no-log-prefix", "chaos").splitlines()) >= 8,
        120,
        every_seconds=1,
    )
    project.compose("stop", "chaos")


BREAKAGES = {
    "kill -9 of a worker": _kill_worker,
    "kill -9 of the API": _kill_api,
    "restart of Redis": _restart_redis,
    "stop of a worker": _stop_one_worker,
    "stop of all workers after 1 s": _stop_all_workers_at_once,
    "another API container": _replace_the_api,
    "profile chaos": _disturb_the_servers,
}


# A seed of its own for each: it also makes the answers' idempotency keys.
@pytest.mark.parametrize(("seed", "name"), list(enumerate(BREAKAGES, start=2)))
def test_nothing_is_lost_and_nothing_doubled(scripted: Project, seed: int, name: str) -> None:
    count = count_while(scripted, seed, lambda: BREAKAGES[name](scripted))

    print(f"{name}: {count}")
    _assert_whole(count)


def _assert_whole(count: Count) -> None:
    assert count.outcomes
    assert count.broken == []
    assert count.stored == len(count.outcomes)
    assert {one.status for one in count.outcomes} == {"completed"}


def _begun(project: Project, worker: str) -> float:
    return project.metric(worker, "millstream_attempts_begun_total")


def _question(script: Script) -> str:
    return f"What does a script of VACUUM do? {script.directive()}"
