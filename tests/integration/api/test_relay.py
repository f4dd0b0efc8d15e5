"""The relay under stress: many viewers, slow ones, broken subscriptions, a process that ends."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import takewhile

import httpx
import psutil
import pytest
import websocket
from redis import Redis
from redis.client import PubSub

from bench.scripted_model.client import ScriptedModel
from millstream_contract.events import OutputTextDelta
from millstream_contract.frames import LOOK_AGAIN, encode_frame
from millstream_contract.keys import LOOKS_CHANNEL, PULSE_KEY, live_channel, log_key, state_key
from tests.harness.api_client import ApiClient
from tests.harness.deadlines import eventually, scaled
from tests.harness.postgres import PostgresServer
from tests.harness.refusals import ENDLESS_SCRIPT
from tests.harness.services import Service, migrate, start_api
from tests.harness.sse import Done, StrictReader
from tests.harness.stack import Backends
from tests.harness.valkey import ValkeyServer
from tests.integration.api.scribe import Scribe
from tests.integration.api.socket_messages import code_of_close, next_event


@pytest.fixture
def own_backends(
    database_url: str, private_valkey: ValkeyServer, scripted_model: ScriptedModel
) -> Backends:
    settings = {"MILLSTREAM_RECHECK_SECONDS": "600", "MILLSTREAM_VIEWER_BUFFER_BYTES": "20000"}
    return Backends(database_url, private_valkey.url(), scripted_model, settings)


@pytest.fixture
def own_api(own_backends: Backends) -> Iterator[Service]:
    service = start_api(own_backends.settings())
    yield service
    if service.process.exit_code is None:
        service.process.stop(30)


@contextmanager
def _asked(api: Service, backends: Backends) -> Iterator[tuple[ApiClient, Scribe]]:
    with ApiClient(api.url) as client:
        response_id = client.start("What is a log?")["id"]
        with Scribe(backends.database_url, backends.redis_url, response_id) as scribe:
            yield client, scribe


def test_deleting_a_conversation_ends_its_streams_though_nobody_looks_by_himself(
    own_api: Service, own_backends: Backends
) -> None:
    with ApiClient(own_api.url) as client:
        conversation = client.create_conversation()["id"]
        response_id = client.start("What is a log?", conversation=conversation)["id"]
        with (
            Scribe(own_backends.database_url, own_backends.redis_url, response_id) as scribe,
            client.follow(response_id) as stream,
        ):
            scribe.write("A file.")
            stream.until_text(len("A file."))

            client.http.delete(f"/v1/conversations/{conversation}")

            assert list(stream) == []


def test_redis_connections_do_not_grow_with_viewers(
    own_api: Service, own_backends: Backends
) -> None:
    with _asked(own_api, own_backends) as (client, scribe), ExitStack() as viewers:
        scribe.write("a")
        streams = [viewers.enter_context(client.follow(scribe.row.id)) for _ in range(3)]
        for stream in streams:
            stream.until_text(1)
        with Redis.from_url(own_backends.redis_url) as redis:
            few = _connections_of(own_api, redis)
            clients = [viewers.enter_context(ApiClient(own_api.url)) for _ in range(40)]
            # At once, so that all their logs are to be read at the same time.
            with ThreadPoolExecutor(len(clients)) as openers:
                opened = openers.map(
                    lambda one: viewers.enter_context(one.follow(scribe.row.id)), clients
                )
                more = list(opened)
            for stream in more:
                stream.until_text(1)
            many = _connections_of(own_api, redis)
        scribe.write("b")
        scribe.finish()

        assert {stream.to_end().text for stream in [*streams, *more]} == {"ab"}

    assert many["pubsub"] == few["pubsub"] == 1
    # Frames are read over the connection that the first viewer used; a reaper may borrow one more.
    assert many["all"] <= few["all"] + 1


def test_a_viewer_that_falls_behind_is_served_from_the_log(
    own_api: Service, own_backends: Backends
) -> None:
    with _asked(own_api, own_backends) as (client, scribe):
        with client.follow(scribe.row.id) as slow:
            slow.until_type("response.queued")
            # More than the viewer's buffer and all sockets between hold, while it reads none.
            for number in range(120):
                scribe.write(f"{number} " + "x" * 100_000)
            scribe.finish()

            assert slow.to_end().text == scribe.text


def test_a_viewer_that_closes_is_noticed_at_once_although_nothing_is_sent(
    own_api: Service, own_backends: Backends
) -> None:
    with _asked(own_api, own_backends) as (client, scribe):
        with client.follow(scribe.row.id) as stream:
            scribe.write("a")
            stream.until_text(1)
            assert _watched(own_backends) == 1

        # Long before the next keep-alive (10 s) or recheck (60 s) would find out.
        eventually("nobody to watch", lambda: _watched(own_backends) == 0, 5)


def test_a_viewer_that_reads_nothing_is_cut_off_in_time(own_backends: Backends) -> None:
    settings = {**own_backends.settings(), "MILLSTREAM_SEND_TIMEOUT_SECONDS": "1"}
    api = start_api(settings)
    with _asked(api, own_backends) as (client, scribe):
        with client.follow(scribe.row.id) as frozen:
            frozen.until_type("response.queued")
            for number in range(120):
                scribe.write(f"{number} " + "x" * 100_000)

            eventually("nobody to watch", lambda: _watched(own_backends) == 0, 15)
    api.process.stop(30)


def test_a_client_of_http_1_0_gets_the_stream_without_chunks(
    own_api: Service, own_backends: Backends
) -> None:
    with _asked(own_api, own_backends) as (_, scribe):
        scribe.write("plain")
        host, port = own_api.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=scaled(10)) as connection:
            path = f"/v1/responses/{scribe.row.id}?stream=true"
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
            got = connection.recv(65536)
            scribe.finish()
            while piece := connection.recv(65536):
                got += piece

    head, _, body = got.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding" not in head
    reader = StrictReader()
    assert isinstance(list(reader.feed(body))[-1], Done)
    assert reader.torn == b""


def test_a_viewer_misses_nothing_when_its_subscription_is_killed(
    own_api: Service, own_backends: Backends
) -> None:
    with _asked(own_api, own_backends) as (client, scribe):
        with (
            client.follow(scribe.row.id) as stream,
            Redis.from_url(own_backends.redis_url) as redis,
        ):
            for number in range(5):
                scribe.write(f"{number} ")
                stream.until_text(len(scribe.text))
                redis.client_kill_filter(_type="pubsub")
                scribe.write("unheard ")
            scribe.finish()
            seen = stream.to_end()

    assert seen.text == scribe.text


def test_a_viewer_lives_through_a_restart_of_redis(
    own_api: Service, own_backends: Backends, private_valkey: ValkeyServer
) -> None:
    with _asked(own_api, own_backends) as (client, scribe):
        with client.follow(scribe.row.id) as stream:
            scribe.write("before ")
            stream.until_text(len("before "))
            private_valkey.kill()
            private_valkey.restart(keep_data=False)
            scribe.send_again()
            scribe.write("after")
            scribe.finish()
            seen = stream.to_end()

    assert seen.text == "before after"


def test_an_answer_that_ends_while_redis_is_away_reaches_its_viewers(
    own_backends: Backends, private_valkey: ValkeyServer
) -> None:
    api = start_api({**own_backends.settings(), "MILLSTREAM_RECHECK_SECONDS": "0.5"})
    with _asked(api, own_backends) as (client, scribe):
        with client.follow(scribe.row.id) as stream:
            scribe.write("before ")
            stream.until_text(len("before "))
            private_valkey.kill()
            scribe.finish(publish=False)

            seen = stream.to_end()
    api.process.stop(30)

    assert seen.text == "before "


def test_a_log_with_a_hole_is_not_read_again_and_again(
    own_api: Service, own_backends: Backends
) -> None:
    with _asked(own_api, own_backends) as (client, scribe):
        scribe.write(*"x" * 600)
        with Redis.from_url(own_backends.redis_url) as redis:
            redis.xdel(log_key(scribe.row.id), f"1-{3 + 1}")
            with client.follow(scribe.row.id) as stream:
                stream.until_type("response.queued")
                before = _reads(redis)
                _wait_for_looks_of_a_reaper(redis, 3)
                reads = _reads(redis) - before
                scribe.finish(publish=False)
                redis.publish(live_channel(scribe.row.id), LOOK_AGAIN)
                seen = stream.to_end()

    # The reaper's own calls are among them: some three a look.
    assert reads < 60
    assert seen.text == "x" * 600


def test_a_redis_that_refuses_is_asked_ever_more_seldom_and_heard_again(
    own_api: Service, own_backends: Backends, private_valkey: ValkeyServer
) -> None:
    with _asked(own_api, own_backends) as (client, scribe):
        with client.follow(scribe.row.id) as stream:
            stream.until_type("response.queued")
            with ENDLESS_SCRIPT.on(private_valkey):
                own_api.process.wait_for_line("subscription to Redis broke, again in 0.5 s: .*BUSY")
            scribe.write("after")
            scribe.finish()
            seen = stream.to_end()

    assert seen.text == "after"


def test_a_viewer_that_comes_to_a_hole_goes_on_as_soon_as_something_is_written(
    own_api: Service, own_backends: Backends
) -> None:
    with _asked(own_api, own_backends) as (client, scribe):
        scribe.write(*"abcdef")
        with Redis.from_url(own_backends.redis_url) as redis:
            redis.xdel(log_key(scribe.row.id), f"1-{4 + 1}")
            with client.follow(scribe.row.id) as stream:
                stream.until_text(len("ab"))
                state = state_key(scribe.row.id)
                eventually("its writer to be asked to look", lambda: redis.hget(state, "look"))

                scribe.write("g")

                stream.until_text(len("abcdefg"))
                status_then = client.retrieve(scribe.row.id)["status"]
                scribe.finish()
                seen = stream.to_end()

    assert status_then == "in_progress"
    assert seen.text == "abcdefg"


def test_the_writer_is_asked_to_look_for_all_who_come_to_a_hole_together(
    own_api: Service, own_backends: Backends
) -> None:
    with _asked(own_api, own_backends) as (client, scribe), ExitStack() as ends:
        # Given viewers, and a frame in the log behind one that is not there
        scribe.write("a")
        streams = [ends.enter_context(client.follow(scribe.row.id)) for _ in range(20)]
        for stream in streams:
            stream.until_text(1)
        redis = ends.enter_context(Redis.from_url(own_backends.redis_url))
        looks = ends.enter_context(redis.pubsub())
        looks.subscribe(LOOKS_CHANNEL)
        assert looks.get_message(timeout=scaled(10))
        behind = len(scribe.frames) + 1
        stray = encode_frame(OutputTextDelta(item_id="m", output_index=0, delta="?"), behind)
        redis.xadd(log_key(scribe.row.id), {"f": stray.data}, id=f"1-{behind + 1}")

        # When all read the log at the same time, and the writer has looked
        redis.publish(live_channel(scribe.row.id), LOOK_AGAIN)
        state = state_key(scribe.row.id)
        eventually("its writer to be asked to look", lambda: redis.hget(state, "look"))
        scribe.write("b")
        for stream in streams:
            stream.until_text(2)
        redis.publish(LOOKS_CHANNEL, "no more")

        # Then it was not asked by each of them
        heard = list(takewhile(b"no more".__ne__, _messages(looks)))
        assert set(heard) == {scribe.row.id.encode()}
        assert len(heard) < len(streams) / 4
        scribe.finish()
        assert {stream.to_end().text for stream in streams} == {"ab"}


def test_on_sigterm_streams_end_where_they_stand_and_go_on_elsewhere(
    own_api: Service, own_backends: Backends
) -> None:
    with _asked(own_api, own_backends) as (client, scribe):
        with client.follow(scribe.row.id) as stream:
            scribe.write("one ")
            stream.until_text(4)
            os.kill(own_api.process.pid, signal.SIGTERM)
            assert list(stream) == []
            seen = stream.transcript
        assert own_api.process.wait_for_exit(30) == 0
        scribe.write("two")
        other = start_api(own_backends.settings())
        with ApiClient(other.url) as elsewhere:
            with elsewhere.follow(scribe.row.id, transcript=seen) as stream:
                scribe.finish()
                stream.to_end()
        other.process.stop(30)

    assert not seen.done or seen.text == "one two"


def test_on_sigterm_sockets_are_closed_so_that_their_clients_go_on_elsewhere(
    own_backends: Backends,
) -> None:
    # So long that the process ends in time only if nothing is left open.
    api = start_api({**own_backends.settings(), "MILLSTREAM_DRAIN_SECONDS": "600"})
    url = api.url.replace("http", "ws") + "/v1/responses"
    with _asked(api, own_backends) as (_, scribe), ExitStack() as sockets:
        idle, busy = (websocket.create_connection(url, timeout=20) for _ in range(2))
        for one in (idle, busy):
            sockets.callback(one.shutdown)
        resume = {"type": "millstream.response.resume", "response_id": scribe.row.id}
        busy.send(json.dumps({**resume, "starting_after": 0}))
        assert next_event(busy)["type"] == "response.queued"
        os.kill(api.process.pid, signal.SIGTERM)

        assert [code_of_close(one) for one in (idle, busy)] == [1001] * 2
        assert api.process.wait_for_exit(30) == 0


def test_on_sigterm_a_connection_that_is_only_kept_holds_nothing_up(own_backends: Backends) -> None:
    # Given less time to drain than connections are kept for, and one that has carried a request
    api = start_api({**own_backends.settings(), "MILLSTREAM_DRAIN_SECONDS": "3"})
    with ApiClient(api.url) as client:
        client.http.get("/healthz")

        # When the process is told to end
        api.process.stop(30)

    # Then it comes to its own end, and is not killed in the middle of it
    assert "api stopped" in api.process.lines


def test_readiness_names_what_is_away_and_health_stays_well(
    own_api: Service, private_valkey: ValkeyServer
) -> None:
    with ApiClient(own_api.url) as client:
        assert client.http.get("/readyz").json()["status"] == "ready"
        private_valkey.kill()

        unready = client.http.get("/readyz")

        assert unready.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert unready.json()["checks"] == {"postgresql": "ok", "redis": "away"}
        assert client.http.get("/healthz").status_code == httpx.codes.OK
        private_valkey.restart()
        eventually("readiness", lambda: client.http.get("/readyz").is_success, 20)


def _messages(subscription: PubSub) -> Iterator[bytes]:
    while message := subscription.get_message(timeout=scaled(10)):
        yield message["data"]


def _watched(backends: Backends) -> int:
    with Redis.from_url(backends.redis_url) as redis:
        return len(redis.pubsub_channels("*:live"))


def _reads(redis: "Redis") -> int:
    statistics = redis.info("commandstats")
    return int(statistics["cmdstat_evalsha"]["calls"])


def _wait_for_looks_of_a_reaper(redis: "Redis", count: int) -> None:
    """Wait until a reaper has looked so often: twice a second, in every API process."""
    pulses = set()

    def enough() -> bool:
        pulses.add(redis.get(PULSE_KEY))
        return len(pulses) > count

    eventually(f"{count} looks of a reaper", enough)


def _connections_of(api: Service, redis: "Redis") -> dict[str, int]:
    server = redis.connection_pool.connection_kwargs["port"]
    ports = {
        connection.laddr.port
        for process in psutil.Process(api.process.pid).children(recursive=True)
        for connection in process.net_connections("tcp")
        # To another server it may have the port of somebody else's to this one.
        if connection.raddr and connection.raddr.port == server
    }
    mine = [one for one in redis.client_list() if int(one["addr"].rpartition(":")[2]) in ports]
    return {"all": len(mine), "pubsub": sum(int(one["sub"]) > 0 for one in mine)}


def test_a_viewer_sees_the_text_go_on_while_postgresql_is_away(
    private_postgres: PostgresServer, private_valkey: ValkeyServer, scripted_model: ScriptedModel
) -> None:
    migrate(private_postgres.url())
    settings = {"MILLSTREAM_RECHECK_SECONDS": "0.5"}
    backends = Backends(private_postgres.url(), private_valkey.url(), scripted_model, settings)
    api = start_api(backends.settings())
    with _asked(api, backends) as (client, scribe):
        with client.follow(scribe.row.id) as stream:
            scribe.write("before ")
            stream.until_text(len("before "))
            private_postgres.kill()
            for number in range(5):
                scribe.write(f"{number} ")
                stream.until_text(len(scribe.text))
            private_postgres.restart()
            scribe.finish()
            seen = stream.to_end()

    api.process.stop(30)
    assert seen.text == scribe.text == "before 0 1 2 3 4 "
