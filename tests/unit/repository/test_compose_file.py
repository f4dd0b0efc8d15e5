"""docker-compose.yml keeps its rules; what only an engine can tell is in tests/compose."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.capacity import Costs
from millstream_api.settings import Settings as ApiSettings
from millstream_models.settings import Settings as ModelsSettings
from millstream_ui.settings import Settings as UiSettings
from millstream_worker.settings import AnswerSettings, IngestSettings
from tests.unit.repository.test_documented_settings import variable_of

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docker-compose.yml").read_text("utf-8")
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
PASSED_ON: dict[str, dict[str, Any]] = yaml.safe_load(
    (ROOT / "deploy/settings.yml").read_text("utf-8")
)["services"]
# Other lines of the file go with these: addresses, ports and times to stop.
FIXED = re.compile(r"_(HOST|PORT|DRAIN_SECONDS|SHUTDOWN_GRACE_SECONDS)$")
ONCE = {"migrate", "corpus"}
DEVELOPMENT = dict(
    line.split("=", 1)
    for line in (ROOT / ".env").read_text().splitlines()
    if line and not line.startswith("#")
)
_FORMS = re.compile(r"(?P<number>\d+)(?P<unit>s|m)")


def _seconds(duration: str) -> int:
    return sum(int(n) * (60 if unit == "m" else 1) for n, unit in _FORMS.findall(duration))


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_do_no_more_than_it_needs(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"]
    assert service["mem_limit"]
    assert not {"privileged", "pid", "network_mode", "cap_add"} & service.keys()
    assert not [volume for volume in service.get("volumes", []) if "docker.sock" in volume]


@pytest.mark.parametrize("name", SERVICES)
def test_a_port_is_published_on_the_loopback_alone(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", SERVICES)
def test_what_serves_comes_back_by_itself_and_what_is_done_stays_done(name: str) -> None:
    assert SERVICES[name]["restart"] == ("no" if name in ONCE else "unless-stopped")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_for_no_restart_of_another(name: str) -> None:
    waits = SERVICES[name].get("depends_on", {})

    conditions = waits.values() if isinstance(waits, dict) else []
    assert not [condition for condition in conditions if condition.get("restart")]


def test_somebody_waits_for_each_one_shot_so_that_up_wait_takes_its_end_for_success() -> None:
    waited_for = {
        name
        for service in SERVICES.values()
        if isinstance(service.get("depends_on"), dict)
        for name, how in service["depends_on"].items()
        if how["condition"] == "service_completed_successfully"
    }

    assert waited_for == ONCE


@pytest.mark.parametrize("name", ["postgres", "redis", "api", "worker", "ingest", "ui", "proxy"])
def test_up_wait_means_ready(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", ["worker", "ingest"])
def test_a_worker_has_longer_to_stop_than_its_jobs_have(name: str) -> None:
    worker = SERVICES[name]

    grace = worker["environment"]["MILLSTREAM_SHUTDOWN_GRACE_SECONDS"]
    assert _seconds(worker["stop_grace_period"]) >= grace + 10


@pytest.mark.parametrize(
    ("name", "drain"),
    [
        ("api", ApiSettings.model_fields["drain_seconds"].default),
        ("ui", UiSettings.model_fields["ui_drain_seconds"].default),
        ("models", ModelsSettings.model_fields["shutdown_grace_seconds"].default),
    ],
)
def test_a_server_has_longer_to_stop_than_its_requests_have(name: str, drain: float) -> None:
    assert _seconds(SERVICES[name]["stop_grace_period"]) > drain


@pytest.mark.parametrize("name", ["api", "worker", "ingest"])
def test_what_is_documented_of_traces_reaches_who_traces(name: str) -> None:
    page = (ROOT / "docs/operating/tracing.md").read_text("utf-8")
    documented = {
        variable
        for row in re.findall(r"(?m)^\| `OTEL.*? \|", page)
        for variable in re.findall(r"OTEL_\w+", row)
    }

    given = {one for one in SERVICES[name]["environment"] if one.startswith("OTEL_")}
    # One name for all services would be none.
    exactly = {one for one in documented if not one.endswith("_")} - {"OTEL_SERVICE_NAME"}
    assert exactly
    assert exactly - given == set()
    assert any(one.startswith("OTEL_BSP_") for one in given)
    assert "OTEL_SERVICE_NAME" not in given


def test_grafana_asks_nobody_outside_for_anything() -> None:
    environment = SERVICES["grafana"]["environment"]

    switched = {name: value for name, value in environment.items() if value in {"true", "false"}}
    assert switched == {
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        "GF_NEWS_NEWS_FEED_ENABLED": "false",
        "GF_PLUGINS_PREINSTALL_DISABLED": "true",
        # Of plugins' signatures: fetched at the start and every ten days.
        "GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED": "true",
        # Of each user that is shown, by a hash of the address.
        "GF_SECURITY_DISABLE_GRAVATAR": "true",
        "GF_SNAPSHOTS_EXTERNAL_ENABLED": "false",
    }


def test_grafana_keeps_the_directories_of_provisioning_that_its_image_has() -> None:
    targets = [volume.split(":")[1] for volume in SERVICES["grafana"]["volumes"]]

    # Over the whole, it would miss the others, and say so with each start.
    assert "/etc/grafana/provisioning" not in targets
    assert "/etc/grafana/provisioning/datasources" in targets
    assert "/etc/grafana/provisioning/dashboards" in targets


def test_the_proxy_cuts_off_no_request_that_waits_for_a_whole_answer() -> None:
    routes = (ROOT / "deploy/proxy/routes.conf").read_text("utf-8")
    ingress = (ROOT / "k8s/components/ingress/ingress.yaml").read_text("utf-8")

    (here,) = re.findall(r"(?m)^proxy_read_timeout +(\w+);", routes)
    elsewhere = set(re.findall(r"timeout-server: (\w+)", ingress))

    assert {here} == elsewhere == {"1h"}


def test_the_proxy_has_room_for_every_stream_that_an_api_process_lets_in() -> None:
    proxy = (ROOT / "deploy/proxy/nginx.conf").read_text("utf-8")

    # Of one nginx process, as on a host with one CPU. A stream takes two.
    (room,) = map(int, re.findall(r"worker_connections (\d+);", proxy))
    most = ApiSettings.model_fields["max_streams"].default
    assert 2 * most < room < SERVICES["proxy"]["ulimits"]["nofile"]


def test_postgresql_allows_what_ten_workers_and_an_api_may_open() -> None:
    (allowed,) = re.findall(r"max_connections=\$\{POSTGRES_MAX_CONNECTIONS:-(\d+)\}", TEXT)
    costs = Costs()

    worker = AnswerSettings.model_fields["answers_concurrency"].default
    worker += costs.worker_database_connections
    ingest = IngestSettings.model_fields["ingest_concurrency"].default + 1

    assert worker == 17
    assert 10 * worker + ingest + costs.api_database_connections < int(allowed)


def test_what_the_file_demands_of_docker_is_said() -> None:
    page = (ROOT / "docs/operating/compose.md").read_text("utf-8")

    ((engine, compose),) = re.findall(r"Docker Engine (\d+) and Docker Compose ([\d.]+)", page)

    # `start_interval` is refused by Compose for an older Engine, and unknown to an older Compose.
    assert "start_interval" in TEXT
    assert (int(engine), compose) == (25, "2.24")


def test_no_secret_stands_in_the_compose_file() -> None:
    named = re.findall(r"(?m)^.*(?:PASSWORD|REDISCLI_AUTH|requirepass).*$", TEXT)

    assert named
    assert all("_PASSWORD:?" in line for line in named)


def test_the_development_default_sets_what_is_demanded_and_nothing_that_others_read() -> None:
    demanded = set(re.findall(r"\$\{(\w+):\?", TEXT))

    assert set(DEVELOPMENT) == demanded


def test_production_demands_a_workspace_a_name_and_a_certificate() -> None:
    production = (ROOT / "deploy/production.yml").read_text("utf-8")
    example = (ROOT / "deploy/production.env.example").read_text("utf-8")

    demanded = set(re.findall(r"\$\{(\w+):\?", production + TEXT))

    assert demanded >= {"DATABRICKS_HOST", "MILLSTREAM_ALLOWED_HOSTS", "MILLSTREAM_CERTIFICATES"}
    assert set(re.findall(r"(?m)^(\w+)=$", example)) == demanded


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("api", ApiSettings),
        ("worker", AnswerSettings),
        ("ingest", IngestSettings),
        ("ui", UiSettings),
    ],
)
def test_every_setting_of_a_service_reaches_it_and_no_other_does(name: str, settings: Any) -> None:
    own, passed_on = SERVICES[name]["environment"], PASSED_ON[name]["environment"]

    known = {variable_of(field, info, settings) for field, info in settings.model_fields.items()}
    given = {one for one in {*own, *passed_on} if one.startswith("MILLSTREAM_")}
    shared_with_answers = {*SERVICES["worker"]["environment"]} if name == "ingest" else set()
    assert given - known - shared_with_answers == set()
    assert {one for one in known - {*own, *passed_on} if not FIXED.search(one)} == set()
    assert SERVICES[name]["extends"] == {"file": "deploy/settings.yml", "service": name}


def test_what_is_passed_on_has_no_value_of_its_own_and_overrides_nothing() -> None:
    for name, passed_on in PASSED_ON.items():
        assert set(passed_on["environment"].values()) == {None}
        assert passed_on["environment"].keys() & SERVICES[name]["environment"].keys() == set()


@pytest.mark.parametrize("name", SERVICES)
def test_a_file_that_is_mounted_is_there_and_cannot_be_written_to(name: str) -> None:
    mounts = [v.split(":") for v in SERVICES[name].get("volumes", []) if v.startswith("./")]

    assert [source for source, *_ in mounts if not (ROOT / source).exists()] == []
    assert [mount for mount in mounts if mount[-1] != "ro"] == []
