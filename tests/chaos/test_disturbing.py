"""The program of the profile `chaos`, before servers of its own."""

import sys

from tests.harness.environment import service_environment
from tests.harness.processes import ROOT, ServerProcess
from tests.harness.valkey import ValkeyServer


def test_it_disturbs_again_and_again_and_ends_when_it_is_told_to(
    private_valkey: ValkeyServer, empty_database_url: str
) -> None:
    settings = {
        "REDIS_URL": private_valkey.url(),
        "DATABASE_URL": empty_database_url,
        "DISTURB_EVERY_SECONDS": "0.01",
    }
    program = [sys.executable, str(ROOT / "deploy/chaos/disturb.py")]
    process = ServerProcess.start("disturber", program, service_environment(settings))
    for said in ("Redis hangs", "Redis forgets everything", "connections of PostgreSQL are cut"):
        process.wait_for_line(said)

    process.stop(expected=[0])
