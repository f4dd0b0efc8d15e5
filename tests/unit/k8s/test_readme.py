"""What k8s/README.md says to do on a cluster that has nothing yet works there."""

import re

import pytest
import yaml

from bench.capacity import Costs
from tests.unit.k8s.environment import documented_secrets, variables
from tests.unit.k8s.manifests import K8S, ROOT, Manifests, Pod, rendered
from tests.unit.k8s.test_overlays import COMBINATIONS

README = (K8S / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def production() -> Manifests:
    return rendered(K8S / "overlays/production")


def _commands() -> list[str]:
    """Every line of the README's shell blocks, one that goes on being one."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n", "").splitlines()]


def test_the_namespace_is_there_before_the_first_secret_is_made_in_it() -> None:
    commands = _commands()
    first = next(n for n, one in enumerate(commands) if " create secret " in one)

    applied = re.fullmatch(r"kubectl apply -f (\S+)", commands[first - 1])

    assert applied
    namespace = yaml.safe_load((ROOT / applied[1]).read_text("utf-8"))
    assert (namespace["kind"], namespace["metadata"]["name"]) == ("Namespace", "millstream")
    assert "kubectl -n millstream create secret" in commands[first]


def test_the_commands_make_every_secret_of_the_table() -> None:
    made = {
        (name, key)
        for command in _commands()
        for name in re.findall(r"create secret generic (\S+)", command)
        for key in re.findall(r"--from-literal=(\w+)=", command)
    }

    # A token stands in for a service principal.
    assert made == documented_secrets().keys() - {("millstream-databricks", "DATABRICKS_TOKEN")}


def test_a_certificate_that_is_to_be_checked_comes_with_whom_to_trust() -> None:
    urls = re.findall(r"`[^`]*sslmode=verify[^`]*`", README)

    # libpq makes no connection without; and of "system" the image's libpq finds nothing.
    assert urls
    assert [url for url in urls if not re.search(r"&sslrootcert=/etc/\S+", url)] == []


def test_whom_to_trust_stands_where_the_readme_says_in_every_pod_that_calls_a_server() -> None:
    manifests = rendered(COMBINATIONS / "server-certificates")
    (config,) = (one for one in manifests.of_kind("ConfigMap") if "ca.pem" in one.get("data", {}))
    callers = manifests.selected({"matchLabels": {"millstream/postgresql": "client"}})

    mounted = {pod.name: _places(pod, config["metadata"]["name"]) for pod in callers}

    assert mounted.keys() >= {"Deployment/api", "Deployment/worker", "Job/migrate"}
    named = set(re.findall(r"(?:sslrootcert|ssl_ca_certs)=(/etc/millstream/\S+)/ca\.pem", README))
    assert set(map(frozenset, mounted.values())) == {frozenset(named)}


def _places(pod: Pod, config: str) -> set[str]:
    volumes = {
        one["name"] for one in pod.spec["volumes"] if one.get("configMap", {}).get("name") == config
    }
    return {one["mountPath"] for one in pod.main["volumeMounts"] if one["name"] in volumes}


def test_documents_are_taken_in_by_a_pod_that_knows_both_servers_and_has_room_for_them(
    production: Manifests,
) -> None:
    commands = _commands()
    (label,) = {one for command in commands for one in re.findall(r" get pods -l (\S+)", command)}
    (room,) = {
        one for command in commands for one in re.findall(r' cp \S+ "\$pod:(/\w+)/', command)
    }
    key, _, value = label.partition("=")

    (pod,) = production.selected({"matchLabels": {key: value}})

    assert variables(production, pod, pod.main).keys() >= {"DATABASE_URL", "REDIS_URL"}
    volumes = {one["name"]: one for one in pod.spec["volumes"]}
    mounted = {one["mountPath"]: volumes[one["name"]] for one in pod.main["volumeMounts"]}
    size = mounted[room]["emptyDir"]["sizeLimit"]
    assert f"takes {size.removesuffix('Mi')} MiB at a time" in README


def test_who_scales_by_cpu_is_told_what_measures_it(production: Manifests) -> None:
    by_cpu = [
        scaled["metadata"]["name"]
        for scaled in production.of_kind("ScaledObject")
        if any(one["type"] == "cpu" for one in scaled["spec"]["triggers"])
    ]

    needs = README.partition("It needs in the cluster:")[2].partition("\n\n")[0]
    assert by_cpu
    assert "metrics-server" in needs


def test_postgresql_is_to_allow_what_all_pods_together_may_open(production: Manifests) -> None:
    costs = Costs()
    most = {
        scaled["spec"]["scaleTargetRef"]["name"]: scaled["spec"]["maxReplicaCount"]
        for scaled in production.of_kind("ScaledObject")
    }

    connections = (
        most["api"] * costs.api_database_connections
        + most["worker"] * (_slots(production, "worker") + costs.worker_database_connections)
        # One to each document, and one.
        + most["ingest-worker"] * (_slots(production, "ingest-worker") + 1)
        # The migration.
        + 1
    )

    assert f" may hold {connections} connections to PostgreSQL" in README


def _slots(manifests: Manifests, name: str) -> int:
    pod = manifests.pod("Deployment", name)
    assert pod
    given = variables(manifests, pod, pod.main)
    (slots,) = (value for key, value in given.items() if key.endswith("_CONCURRENCY"))
    return int(slots)
