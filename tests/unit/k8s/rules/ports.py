"""Whoever is called is called at a port on which somebody listens."""

from collections.abc import Iterator

from tests.unit.k8s.environment import variables
from tests.unit.k8s.manifests import Manifests, Object, Pod
from tests.unit.k8s.programs import program_of


def ports(manifests: Manifests) -> Iterator[str]:
    """Complain of ports on which nobody listens, and of backends that are not there."""
    for pod in manifests.pods():
        yield from _listens(manifests, pod)
    for service in manifests.of_kind("Service"):
        yield from _service(manifests, service)
    for name, backend, port in _backends(manifests):
        found = manifests.find("Service", backend)
        offered = [
            one[key]
            for one in (found or {}).get("spec", {}).get("ports", [])
            for key in ("name", "port")
        ]
        if port not in offered:
            yield f"{name}: there is no Service {backend} with port {port}"
    for monitor in manifests.of_kind("PodMonitor"):
        for pod in manifests.selected(monitor["spec"]["selector"]):
            for endpoint in monitor["spec"]["podMetricsEndpoints"]:
                if endpoint["port"] not in _named(pod):
                    yield f"PodMonitor/{monitor['metadata']['name']}: {pod.name} has no such port"


def _listens(manifests: Manifests, pod: Pod) -> Iterator[str]:
    program = program_of(pod.main)
    if program is None or program.port is None:
        return
    setting = program.settings()[program.port]
    listens = int(variables(manifests, pod, pod.main).get(program.port, setting.default))
    if _named(pod) != {"http": listens}:
        yield f"{pod.name}: ports {_named(pod)}, but {program.port} is {listens}"


def _named(pod: Pod) -> dict[str, int]:
    return {port["name"]: port["containerPort"] for port in pod.main.get("ports", [])}


def _service(manifests: Manifests, service: Object) -> Iterator[str]:
    name = f"Service/{service['metadata']['name']}"
    pods = manifests.selected({"matchLabels": service["spec"]["selector"]})
    if not pods:
        yield f"{name}: selects nothing"
    for port in service["spec"]["ports"]:
        for pod in pods:
            if _named(pod).get(port["targetPort"]) != port["port"]:
                yield f"{name}: {pod.name} does not offer {port['targetPort']} at {port['port']}"


def _backends(manifests: Manifests) -> Iterator[tuple[str, str, str | int]]:
    for route in manifests.of_kind("HTTPRoute"):
        for rule in route["spec"]["rules"]:
            for one in rule["backendRefs"]:
                yield f"HTTPRoute/{route['metadata']['name']}", one["name"], one["port"]
    for ingress in manifests.of_kind("Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                service = path["backend"]["service"]
                name = f"Ingress/{ingress['metadata']['name']}"
                yield name, service["name"], service["port"]["name"]
