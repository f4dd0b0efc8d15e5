"""The launcher with PostgreSQL, Valkey and parts of a line: how it starts, minds and stops."""

import json
import os
import re
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import psycopg
import pytest
from redis import Redis, RedisError
from redis.exceptions import AuthenticationError

from tests.harness.deadlines import eventually
from tests.integration.embedded.instances import (
    RunningInstance,
    assert_all_gone,
    listening_addresses,
)

Start = Callable[..., RunningInstance]

PUTS = "INSERT INTO conversations (id, owner) VALUES ('conv_kept', 'me')"
GETS = "SELECT owner FROM conversations WHERE id = 'conv_kept'"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start instances that are stopped at the end, without the corpus unless asked for."""
    with ExitStack() as stack:

        def begin(data: Path = tmp_path / "data", **settings: str) -> RunningInstance:
            settings = {"MILLSTREAM_DEMO_CORPUS": "false", **settings}
            instance = RunningInstance(data, **settings)
            stack.callback(instance.process.kill)
            return instance

        yield begin


@pytest.fixture
def given(empty_database_url: str, redis_url: str) -> dict[str, str]:
    """Servers of the tests' own: where the instance's are not the subject, it starts faster."""
    return {"DATABASE_URL": empty_database_url, "REDIS_URL": redis_url}


def _execute(instance: RunningInstance, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(instance.connection()["DATABASE_URL"], autocommit=True) as connection:
        done = connection.execute(statement.encode())
        return done.fetchall() if done.description else []


def test_sigterm_stops_every_process_it_started_and_ends_well(start: Start) -> None:
    instance = start()
    instance.wait_until_ready()
    family = instance.family()
    assert len(family) > 5  # launcher, supervisor, Valkey, PostgreSQL and its backends

    code = instance.stop()

    assert code == 0
    assert_all_gone(family)
    assert not (instance.data / "connection.env").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_ctrl_c_and_a_closed_terminal_stop_it_too(start: Start, number: signal.Signals) -> None:
    instance = start()
    instance.wait_until_ready()
    family = instance.family()

    os.killpg(instance.process.pid, number)

    assert instance.process.wait_for_exit(30) == 0
    assert_all_gone(family)


def test_a_stop_in_the_middle_of_the_start_leaves_nothing(start: Start) -> None:
    instance = start()
    instance.process.wait_for_line("spawned: 'postgres'")
    family = instance.family()

    code = instance.stop()

    assert code == 0
    assert_all_gone(family)


def test_a_second_start_keeps_the_data(start: Start) -> None:
    first = start()
    first.wait_until_ready()
    _execute(first, PUTS)
    with Redis.from_url(first.connection()["REDIS_URL"]) as redis:
        redis.set("kept", "yes")
    assert first.stop() == 0

    second = start()
    second.wait_until_ready()

    assert _execute(second, GETS) == [("me",)]
    with Redis.from_url(second.connection()["REDIS_URL"]) as redis:
        assert redis.get("kept") == b"yes"


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_a_server_that_is_killed_is_started_again_with_its_data(start: Start, name: str) -> None:
    instance = start()
    instance.wait_until_ready()
    _execute(instance, PUTS)
    killed = instance.part(name)

    killed.kill()

    instance.process.wait_for_line(rf"exited: {name} \(terminated by SIGKILL; not expected\)")
    instance.part(name, after=killed)
    eventually(f"{name} to answer again", lambda: _answers(instance, name), 30)
    assert _execute(instance, GETS) == [("me",)]


def _answers(instance: RunningInstance, name: str) -> bool:
    try:
        if name == "postgres":
            return bool(_execute(instance, "SELECT 1"))
        with Redis.from_url(instance.connection()["REDIS_URL"]) as redis:
            return bool(redis.ping())
    except (OSError, psycopg.OperationalError, RedisError):
        return False


def test_killing_the_launcher_stops_everything_in_order(start: Start) -> None:
    instance = start()
    instance.wait_until_ready()
    family = instance.family()

    psutil.Process(instance.process.pid).kill()

    assert_all_gone(family, 30)
    log = (instance.data / "logs" / "supervisor.log").read_text()
    assert log.index("stopped: valkey") < log.index("stopped: postgres")


def test_killing_the_supervisor_leaves_no_process(start: Start) -> None:
    instance = start()
    instance.wait_until_ready()
    family = instance.family()

    psutil.Process(int((instance.data / "run/supervisord.pid").read_text())).kill()

    assert instance.process.wait_for_exit(60) == 1
    instance.process.wait_for_line("the supervisor died")
    assert_all_gone(family)


def test_a_directory_stays_in_use_until_the_last_process_is_gone(
    start: Start, given: dict[str, str]
) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    stubborn = {"stubborn": deaf + _ready("stubborn") + "loop()"}
    first = start(EXTRA_PARTS=json.dumps(stubborn), EXTRA_STOP_SECONDS="600", **given)
    first.wait_until_ready()
    last = first.part("stubborn")
    try:
        psutil.Process(first.process.pid).kill()

        second = start()

        assert second.process.wait_for_exit(30) == 1
        second.process.wait_for_line("is in use by a running instance")
    finally:
        last.kill()


def test_a_taken_port_is_named_before_anything_starts(start: Start, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        instance = start(MILLSTREAM_UI_PORT=str(port))

        assert instance.process.wait_for_exit(30) == 1
    instance.process.wait_for_line(f"port {port} is taken .* set MILLSTREAM_UI_PORT")
    assert not (tmp_path / "data" / "postgres").exists()


def test_a_wrong_setting_is_named(start: Start) -> None:
    instance = start(MILLSTREAM_WORKERS="many")

    assert instance.process.wait_for_exit(30) == 1
    instance.process.wait_for_line("MILLSTREAM_WORKERS='many'")


def test_what_listens_does_so_on_the_loopback(start: Start) -> None:
    instance = start()
    instance.wait_until_ready()

    assert listening_addresses(instance.family()) == {"127.0.0.1"}


def test_nobody_gets_in_without_the_password(start: Start) -> None:
    instance = start()
    instance.wait_until_ready()
    connection = instance.connection()

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(connection["DATABASE_URL"], password="guess")
    with Redis.from_url(re.sub(":[^@/]+@", "", connection["REDIS_URL"])) as redis:
        with pytest.raises(AuthenticationError):
            redis.ping()
    assert (instance.data / "connection.env").stat().st_mode & 0o777 == 0o600


def test_two_instances_live_side_by_side(start: Start, tmp_path: Path) -> None:
    # on internal ports that each chooses by itself
    chosen = {f"MILLSTREAM_{name}_PORT": "" for name in ("MODELS", "POSTGRES", "VALKEY")}
    one, other = (start(tmp_path / name, **chosen) for name in ("one", "other"))
    one.wait_until_ready()
    other.wait_until_ready()

    _execute(one, PUTS)
    assert one.stop() == 0

    assert _execute(other, GETS) == []


def test_a_path_that_shells_and_configurations_trip_over(start: Start, tmp_path: Path) -> None:
    data = tmp_path / 'it\'s #1; 50% "new" é' / ("long" * 40)

    instance = start(data)
    instance.wait_until_ready()

    assert _execute(instance, "SELECT 1") == [(1,)]
    assert instance.stop() == 0


def test_servers_that_are_given_are_not_started(
    start: Start, empty_database_url: str, redis_url: str
) -> None:
    instance = start(DATABASE_URL=empty_database_url, REDIS_URL=redis_url)
    instance.wait_until_ready()

    assert instance.connection()["DATABASE_URL"] == empty_database_url
    assert instance.connection()["REDIS_URL"] == redis_url
    assert not (instance.data / "postgres").exists()
    assert not any("spawned" in line for line in instance.process.lines)
    # it was migrated all the same
    assert _execute(instance, GETS) == []


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_a_given_server_that_is_not_there_is_named(start: Start, name: str) -> None:
    scheme = {"DATABASE_URL": "postgresql", "REDIS_URL": "redis"}[name]

    instance = start(**{name: f"{scheme}://127.0.0.1:9/0"})

    assert instance.process.wait_for_exit(60) == 1
    instance.process.wait_for_line(f"Millstream does not run: {name}: ")


def test_a_part_that_cannot_start_ends_everything(start: Start, given: dict[str, str]) -> None:
    broken = {"broken": "import sys; sys.exit('I have no licence')"}

    instance = start(EXTRA_PARTS=json.dumps(broken), **given)

    assert instance.process.wait_for_exit(60) == 1
    instance.process.wait_for_line(r"^broken .*\| I have no licence$")
    instance.process.wait_for_line(
        "Millstream does not run: broken was started 4 times and never got ready"
    )


def test_a_part_that_is_never_ready_ends_everything(start: Start, given: dict[str, str]) -> None:
    instance = start(
        EXTRA_PARTS=json.dumps({"slow": "import time; time.sleep(600)"}),
        # more than all before it takes on a busy machine
        MILLSTREAM_START_TIMEOUT_SECONDS="20",
        **given,
    )

    assert instance.process.wait_for_exit(60) == 1
    instance.process.wait_for_line("slow not ready in time")


def test_a_part_that_is_back_before_the_launcher_looks_is_ready_again(
    start: Start, given: dict[str, str]
) -> None:
    # Given a launcher that stands still, as on a machine that was asleep
    instance = start(EXTRA_PARTS=json.dumps({"quick": _ready("quick") + "loop()"}), **given)
    instance.wait_until_ready()
    sign = instance.data / "quick.ready"
    instance.process.pause()
    sign.unlink(missing_ok=True)

    # When a part dies, and its next start is over, before the launcher goes on
    instance.part("quick").kill()
    eventually("the part's next start", sign.exists, 30)
    instance.process.resume()

    # Then the launcher knows
    instance.process.wait_for_line(r"\| quick is ready\.")


def test_a_part_that_cannot_come_back_ends_everything(start: Start, given: dict[str, str]) -> None:
    # dies at each start but the first
    code = "import os; os.path.exists('once') and exit(3); open('once', 'w')\n" + _ready("fragile")
    instance = start(EXTRA_PARTS=json.dumps({"fragile": code + "loop()"}), **given)
    instance.wait_until_ready()

    instance.part("fragile").kill()

    assert instance.process.wait_for_exit(120) == 1
    instance.process.wait_for_line("fragile was started 4 times and never got ready")


def test_later_parts_stop_first(start: Start) -> None:
    parts = {name: _ready(name) + "loop()" for name in ("first", "second")}
    instance = start(EXTRA_PARTS=json.dumps(parts))
    instance.wait_until_ready()

    assert instance.stop() == 0

    stopped = re.compile(r"stopped: (\S+) ")
    lines = instance.process.lines
    order = [found[1] for line in lines if (found := stopped.search(line))]
    assert order == ["second", "first", "valkey", "postgres"]


def test_all_that_a_part_prints_is_shown_with_its_name(start: Start, given: dict[str, str]) -> None:
    code = _ready("chatty") + "[print(f'line {n}') for n in range(20000)]; loop()"
    instance = start(EXTRA_PARTS=json.dumps({"chatty": code}), **given)
    instance.process.wait_for_line(r"^chatty +\| line 19999$", 60)

    lines = [line for line in instance.process.lines if line.startswith("chatty ")]

    assert [line.split(" | ")[1] for line in lines] == [f"line {n}" for n in range(20000)]


def _ready(name: str) -> str:
    return (
        "import os, signal, sys, time\n"
        f"open('{name}.ready', 'w').close()\n"
        "def loop():\n"
        "    while True: time.sleep(0.1)\n"
    )
