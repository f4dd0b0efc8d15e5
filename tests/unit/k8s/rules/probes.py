"""Probes ask what they mean: liveness the process alone, readiness what it is to be sent."""

from collections.abc import Iterator

from tests.unit.k8s.manifests import Manifests, Object

_READINESS = {"api": "/readyz", "worker": "/readyz", "ingest-worker": "/readyz", "ui": "/healthz"}
_SCHEMA_WAIT_SECONDS = 300


def probes(manifests: Manifests) -> Iterator[str]:
    """Complain of probes that are missing, too strict, or ask the wrong question."""
    for deployment in manifests.of_kind("Deployment"):
        name = deployment["metadata"]["name"]
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        for complaint in _container(name, container):
            yield f"Deployment/{name}: {complaint}"


def _container(name: str, container: Object) -> Iterator[str]:
    wanted = {
        "startupProbe": "/healthz",
        "livenessProbe": "/healthz",
        "readinessProbe": _READINESS.get(name, "/healthz"),
    }
    for probe, path in wanted.items():
        asked = container.get(probe, {}).get("httpGet")
        if asked is None:
            yield f"no {probe} over HTTP"
        elif asked["path"] != path:
            yield f"{probe} asks {asked['path']}, not {path}"
        elif asked["port"] not in {port["name"] for port in container["ports"]}:
            yield f"{probe} asks port {asked['port']}, which there is not"
    command = container.get("command", [])
    if "--wait" in command and _startup_seconds(container) <= _SCHEMA_WAIT_SECONDS:
        yield "startupProbe gives up before the wait for the schema does"


def _startup_seconds(container: Object) -> int:
    probe = container.get("startupProbe", {})
    return int(probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3))
