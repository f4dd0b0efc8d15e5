"""Production is the same compose file with its demands: what compose itself makes of the files."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.compose.engine import ROOT, CommandFailed, docker
from tests.harness.environment import service_environment

EXAMPLE = (ROOT / "deploy/production.env.example").read_text("utf-8")
DEMANDED = re.findall(r"(?m)^(\w+)=$", EXAMPLE)
_OWN_SERVERS = "COMPOSE_FILE=docker-compose.yml:deploy/production.yml:deploy/own-servers.yml"


def _configured(file: Path, text: str) -> dict[str, Any]:
    """Give the services as compose would start them."""
    file.write_text(text, "utf-8")
    words = ["compose", "--env-file", str(file), "config", "--format", "json"]
    services: dict[str, Any] = json.loads(docker(*words, env=service_environment({})))["services"]
    return services


def _filled(*without: str) -> str:
    def fill(line: re.Match[str]) -> str:
        given = "/given" if line[1] == "MILLSTREAM_CERTIFICATES" else "given"
        return f"{line[1]}={'' if line[1] in without else given}"

    return re.sub(r"(?m)^(\w+)=$", fill, EXAMPLE)


@pytest.mark.parametrize("name", DEMANDED)
def test_what_is_not_filled_in_stops_the_start_and_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=f"required variable {name} is missing"):
        _configured(tmp_path / "production.env", _filled(name))


def test_a_workspace_stands_in_for_the_local_models(tmp_path: Path) -> None:
    services = _configured(tmp_path / "production.env", _filled())

    assert not {"models", "corpus"} & services.keys()
    assert services["worker"]["environment"]["DATABRICKS_HOST"] == "given"
    assert services["ingest"]["environment"]["DATABRICKS_TOKEN"] == "given"


def test_nobody_reaches_the_api_without_a_login_or_anything_but_the_proxy(tmp_path: Path) -> None:
    services = _configured(tmp_path / "production.env", _filled())

    api = services["api"]["environment"]
    open_ports = {
        (name, port["published"])
        for name, service in services.items()
        for port in service.get("ports", [])
        if port["host_ip"] != "127.0.0.1"
    }
    assert api["MILLSTREAM_UNSAFE_LOCAL_MODE_ON_ANY_ADDRESS"] == "false"
    assert open_ports == {("proxy", "443")}


def test_own_servers_take_the_place_of_ours(tmp_path: Path) -> None:
    text = re.sub(r"(?m)^COMPOSE_FILE=.*$", _OWN_SERVERS, _filled())
    own = "DATABASE_URL=postgresql://db.example/m\nREDIS_URL=rediss://redis.example\n"

    services = _configured(tmp_path / "production.env", text + own)

    assert not {"postgres", "redis"} & services.keys()
    assert {"outside", "edge"} & services["api"]["networks"].keys() == {"outside", "edge"}
    for name in ("api", "worker", "ingest", "migrate"):
        assert services[name]["environment"]["DATABASE_URL"] == "postgresql://db.example/m"
