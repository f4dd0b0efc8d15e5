"""The relays of the benchmark, each for a moment: what is compared does what it is to do."""

import pytest
from redis import Redis

from bench.contestants import contestant
from bench.relay import Shape, run
from bench.scripted_model.client import ScriptedModel
from millstream_contract.ledger import Ledger, open_pool
from tests.harness.stack import Backends
from tests.harness.valkey import ValkeyServer


@pytest.mark.parametrize("name", ["millstream", "redis_per_viewer", "starlette_shared"])
def test_a_relay_brings_every_frame_to_every_viewer(
    name: str, database_url: str, valkey: ValkeyServer, scripted_model: ScriptedModel
) -> None:
    with (
        valkey.temporary_database() as redis_url,
        open_pool(database_url, size=1) as pool,
        Redis.from_url(redis_url) as redis,
        contestant(name, Backends(database_url, redis_url, scripted_model)) as relay,
    ):
        shape = Shape(viewers=6, answers=2, rate=20, seconds=0.5, idle_seconds=0.1)

        figures = run(relay, Ledger.of(pool), redis, shape)

    assert figures["frames_seen"] == figures["frames_due"] == 6 * 10
    assert figures["delay_ms_p99"] >= figures["delay_ms_p50"] > 0
