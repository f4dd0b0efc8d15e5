"""Who comes from outside: by one name, by a login, and into streams that nothing cuts."""

from collections.abc import Iterator

from tests.unit.k8s.environment import variables
from tests.unit.k8s.manifests import Manifests, Object

_NO_LIMIT = {"request": "0s", "backendRequest": "0s"}


def doors(manifests: Manifests) -> Iterator[str]:
    """Complain of doors without a lock, and of streams that would be cut."""
    pod = manifests.pod("Deployment", "api")
    if pod is None:
        yield "there is no Deployment/api"
        return
    given = variables(manifests, pod, pod.main)
    if "MILLSTREAM_AUTH_MODE" not in given:
        yield "Deployment/api: MILLSTREAM_AUTH_MODE is not said"
    for name, hosts in _doors(manifests):
        if given.get("MILLSTREAM_AUTH_MODE", "local") == "local":
            yield f"{name}: leads to an API whose MILLSTREAM_AUTH_MODE is local"
        for host in hosts:
            if host not in given.get("MILLSTREAM_ALLOWED_HOSTS", "").split(","):
                yield f"{name}: {host} is not in MILLSTREAM_ALLOWED_HOSTS"
            if f"https://{host}" != given.get("MILLSTREAM_CORS_ORIGINS"):
                yield f"{name}: https://{host} is not MILLSTREAM_CORS_ORIGINS"
    for route in manifests.of_kind("HTTPRoute"):
        yield from _limits(route)


def _doors(manifests: Manifests) -> Iterator[tuple[str, list[str]]]:
    for route in manifests.of_kind("HTTPRoute"):
        yield f"HTTPRoute/{route['metadata']['name']}", route["spec"]["hostnames"]
    for ingress in manifests.of_kind("Ingress"):
        hosts = [rule["host"] for rule in ingress["spec"]["rules"]]
        yield f"Ingress/{ingress['metadata']['name']}", hosts


def _limits(route: Object) -> Iterator[str]:
    for rule in route["spec"]["rules"]:
        to_api = any(one["name"] == "api" for one in rule["backendRefs"])
        if to_api and rule.get("timeouts") != _NO_LIMIT:
            name = f"HTTPRoute/{route['metadata']['name']}"
            yield f"{name}: timeouts {rule.get('timeouts')} cut streams; both must be 0s"
