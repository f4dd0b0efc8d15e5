"""The threads of an API process: a fixed number, so that one more would be a leak."""

from concurrent.futures import ThreadPoolExecutor

import psutil

from millstream_api.native_threads import THREADS
from tests.harness.api_client import ApiClient
from tests.harness.services import start_api
from tests.harness.stack import Backends

_ASKERS = 30


def test_a_process_has_as_many_threads_under_load_as_at_its_start(backends: Backends) -> None:
    # By name: it is looked up for each connection that a pool adds under load.
    redis_url = backends.redis_url.replace("127.0.0.1", "localhost")
    api = start_api({**backends.settings(), "REDIS_URL": redis_url})
    (process,) = psutil.Process(api.process.pid).children()
    before = process.num_threads()

    def ask(number: int) -> int:
        with ApiClient(api.url) as client:
            client.start(f"What is log {number}?")
        return process.num_threads()

    with ThreadPoolExecutor(_ASKERS) as askers:
        seen = set(askers.map(ask, range(_ASKERS)))

    # One for all greenlets, and those that look up names.
    assert {before} == seen == {1 + THREADS}
    api.process.stop(30)
