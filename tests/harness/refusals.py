"""Ways in which a Valkey answers, and refuses: its process lives, and takes no writes.

Each is real: the server itself is brought to refuse, and to serve again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import ResponseError

from tests.harness.deadlines import eventually
from tests.harness.ports import free_port
from tests.harness.valkey import ValkeyServer

End = Callable[[], None]

_PROBE = "refusals:probe"
_PROBE_MS = 1000
_FULL_DISK = Path("/dev/full")
_BUSY_AFTER_MS = 100
"""Longer than any script of ours takes, so that none of them is refused by it."""


@dataclass(frozen=True)
class Refusal:
    """A way to refuse. words: what the server then says to a write, among others."""

    name: str
    words: str
    refuse: Callable[[ValkeyServer], End]

    def begin(self, valkey: ValkeyServer) -> End:
        """Bring a server to refuse; give what ends it. Both return when it is so."""
        end = self.refuse(valkey)
        eventually(f"{self.name}: writes to be refused", lambda: self._is_refused(valkey))

        def serve_again() -> None:
            end()
            eventually(f"{self.name}: writes to be taken", lambda: _refused(valkey) is None)

        return serve_again

    @contextmanager
    def on(self, valkey: ValkeyServer) -> Iterator[None]:
        """Have a server refuse within the block."""
        end = self.begin(valkey)
        try:
            yield
        finally:
            end()

    def __str__(self) -> str:
        """Give its name, as the id of a test."""
        return self.name

    def _is_refused(self, valkey: ValkeyServer) -> bool:
        return self.words in (_refused(valkey) or "")


def _refused(valkey: ValkeyServer) -> str | None:
    """Give what the server says when it refuses a write; None: it takes it."""
    with valkey.client() as redis:
        try:
            redis.set(_PROBE, 1, px=_PROBE_MS)
        except ResponseError as error:
            return str(error)
    return None


def _configured(name: str, refusing: str, serving: str) -> Callable[[ValkeyServer], End]:
    def refuse(valkey: ValkeyServer) -> End:
        _configure(valkey, name, refusing)
        return lambda: _configure(valkey, name, serving)

    return refuse


def _configure(valkey: ValkeyServer, name: str, value: str) -> None:
    with valkey.client() as redis:
        redis.config_set(name, value)


def _become_replica(valkey: ValkeyServer) -> End:
    def be_primary_again() -> None:
        with valkey.client() as redis:
            redis.replicaof("NO", "ONE")

    with valkey.client() as redis:
        redis.replicaof("127.0.0.1", str(free_port()))
    return be_primary_again


def _fail_to_save(valkey: ValkeyServer) -> End:
    # A directory where the file goes: the snapshot is written, and cannot be put in its place. It
    # fails under root, too, whom no permission stops.
    in_the_way = valkey.directory / "dump.rdb"
    in_the_way.unlink(missing_ok=True)
    in_the_way.mkdir()
    # Only a server that is to save at times minds that it cannot.
    _configure(valkey, "save", "3600 1000000")
    _save(valkey)

    def save_again() -> None:
        in_the_way.rmdir()
        _save(valkey)
        eventually("a snapshot", lambda: _refused(valkey) is None)
        _configure(valkey, "save", "")

    return save_again


def _save(valkey: ValkeyServer) -> None:
    with valkey.client() as redis:
        redis.bgsave(schedule=True)


def _fail_to_append(valkey: ValkeyServer) -> End:
    # What is appended goes to a device that is always full.
    with valkey.client() as redis:
        was_on = redis.config_get("appendonly")["appendonly"]
        redis.config_set("appendonly", "no")
        directory = valkey.directory / redis.config_get("appenddirname")["appenddirname"]
        directory.mkdir(exist_ok=True)
        file = directory / "temp-appendonly.aof.incr"
        file.unlink(missing_ok=True)
        file.symlink_to(_FULL_DISK)
        redis.config_set("appendonly", "yes")

    def append_again() -> None:
        _configure(valkey, "appendonly", "no")
        file.unlink(missing_ok=True)
        _configure(valkey, "appendonly", was_on)
        # Before that it would not even end when asked to.
        eventually("the file to be begun", lambda: not _is_being_rewritten(valkey))

    return append_again


def _is_being_rewritten(valkey: ValkeyServer) -> bool:
    with valkey.client() as redis:
        return bool(redis.info("persistence")["aof_rewrite_in_progress"])


def _run_a_script_for_ever(valkey: ValkeyServer) -> End:
    _configure(valkey, "busy-reply-threshold", str(_BUSY_AFTER_MS))
    busy = valkey.client()
    connection = busy.connection_pool.get_connection()
    connection.send_command("EVAL", "while true do end", 0)  # type: ignore[no-untyped-call]

    def kill_script() -> None:
        with valkey.client() as redis:
            redis.script_kill()
        connection.disconnect()  # type: ignore[no-untyped-call]
        busy.close()
        eventually("the script to end", lambda: _refused(valkey) is None)
        _configure(valkey, "busy-reply-threshold", "5000")

    return kill_script


READ_ONLY = Refusal("a replica (READONLY)", "read only", _become_replica)
NO_REPLICAS = Refusal(
    "too few replicas (NOREPLICAS)", "NOREPLICAS", _configured("min-replicas-to-write", "1", "0")
)
FULL_MEMORY = Refusal("a full memory (OOM)", "maxmemory", _configured("maxmemory", "1", "0"))
FAILED_SNAPSHOT = Refusal("a snapshot that fails (MISCONF)", "MISCONF", _fail_to_save)
FULL_DISK = Refusal("a full disk (MISCONF)", "MISCONF", _fail_to_append)
ENDLESS_SCRIPT = Refusal("a script without end (BUSY)", "BUSY", _run_a_script_for_ever)

REFUSALS = (READ_ONLY, NO_REPLICAS, FULL_MEMORY, FAILED_SNAPSHOT, FULL_DISK, ENDLESS_SCRIPT)
