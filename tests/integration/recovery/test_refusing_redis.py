"""Redis answers, and refuses: a primary that became a replica in a failover, a full memory."""

from redis import Redis

from tests.harness.ports import free_port
from tests.harness.stack import Backends, running_stack
from tests.harness.valkey import ValkeyServer


def _become_replica(redis: "Redis") -> None:
    redis.replicaof("127.0.0.1", str(free_port()))


def _be_primary_again(redis: "Redis") -> None:
    redis.replicaof("NO", "ONE")


def test_a_redis_that_takes_no_writes_for_a_while_ends_no_worker(
    backends: Backends, private_valkey: ValkeyServer
) -> None:
    own = Backends(backends.database_url, private_valkey.url(), backends.model)
    with running_stack(own) as stack, stack.client() as client, private_valkey.client() as redis:
        worker = stack.workers[0]

        _become_replica(redis)
        worker.wait_for_line("Connection to broker lost")
        _be_primary_again(redis)

        assert client.ask("What is a log?")["status"] == "completed"
        worker.assert_running()
