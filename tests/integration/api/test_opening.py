"""A stream begins at once, with what follows from the ledger alone."""

from tests.harness.api_client import ApiClient
from tests.harness.services import start_api
from tests.harness.stack import Backends
from tests.harness.valkey import ValkeyServer


def test_who_asks_for_a_stream_hears_that_it_is_accepted_also_while_redis_is_away(
    shared_backends: Backends, private_valkey: ValkeyServer
) -> None:
    api = start_api({**shared_backends.settings(), "REDIS_URL": private_valkey.url()})
    try:
        private_valkey.kill()
        with (
            ApiClient(api.url) as client,
            client.stream("What is a log?", background=True) as stream,
        ):
            assert stream.until_type("response.queued").number == 1
    finally:
        api.process.stop(30)
