"""Network policies: all is denied but the edges that the settings need. No more, no less."""

from collections.abc import Iterator

from tests.unit.k8s.addresses import Address, addresses
from tests.unit.k8s.manifests import Manifests, Object, Pod, matches

_DNS = 53
_NAMESPACE = "kubernetes.io/metadata.name"


def edges(manifests: Manifests) -> Iterator[str]:
    """Complain of edges that are missing, and of those that nothing needs."""
    policies = manifests.of_kind("NetworkPolicy")
    if not policies:
        return
    if not any(_denies_all(policy) for policy in policies):
        yield "no NetworkPolicy denies everything by default"
    for pod in manifests.pods():
        needed = set(addresses(manifests, pod))
        for address in needed:
            yield from _reaches(manifests, pod, address)
        yield from _too_many(manifests, pod, needed)
        if needed and not _allows_port(_outward(policies, pod), _DNS):
            yield f"{pod.name}: may not ask for names (port {_DNS})"
    yield from _from_outside(manifests)


def _denies_all(policy: Object) -> bool:
    spec = policy["spec"]
    return bool(
        spec["podSelector"] == {}
        and set(spec["policyTypes"]) == {"Ingress", "Egress"}
        and not spec.get("ingress")
        and not spec.get("egress")
    )


def _reaches(manifests: Manifests, pod: Pod, address: Address) -> Iterator[str]:
    policies = manifests.of_kind("NetworkPolicy")
    where = f"{address.host or 'its server'}:{address.port}"
    outward = _outward(policies, pod)
    service = manifests.find("Service", address.host)
    if service is None:
        if not any(
            _leads_outside(to, address.host)
            for rule in outward
            if _has_port(rule, address.port)
            for to in rule.get("to", [])
        ):
            yield f"{pod.name}: no edge leads to {where}"
        return
    for server in manifests.selected({"matchLabels": service["spec"]["selector"]}):
        if not any(
            _has_port(rule, address.port) and _names(rule.get("to", []), server) for rule in outward
        ):
            yield f"{pod.name}: no edge leads to {where}"
        if not any(
            _has_port(rule, address.port, server) and _names(rule.get("from", []), pod)
            for rule in _inward(policies, server)
        ):
            yield f"{server.name}: does not let {pod.name} in"


def _leads_outside(to: Object, host: str) -> bool:
    """By address, or to all of the namespace that a Service's name ends with."""
    namespace = host.partition(".")[2].partition(".")[0]
    named = to.get("namespaceSelector", {}).get("matchLabels", {})
    return "ipBlock" in to or bool(
        namespace and "podSelector" not in to and named.get(_NAMESPACE) == namespace
    )


def _too_many(manifests: Manifests, pod: Pod, needed: set[Address]) -> Iterator[str]:
    ports = {address.port for address in needed} | {_DNS}
    if any(address.host == "" for address in needed):
        ports.add(443)  # Lakebase: the workspace mints the tokens
    for rule in _outward(manifests.of_kind("NetworkPolicy"), pod):
        for port in rule.get("ports", [{"port": "any"}]):
            if port["port"] not in ports:
                yield f"{pod.name}: an edge to port {port['port']}, which it does not need"


def _from_outside(manifests: Manifests) -> Iterator[str]:
    policies = manifests.of_kind("NetworkPolicy")
    for name, pods in _called_from_outside(manifests):
        for pod in pods:
            rules = _inward(policies, pod)
            if not any("namespaceSelector" in one for rule in rules for one in rule["from"]):
                yield f"{pod.name}: does not let {name} in"


def _called_from_outside(manifests: Manifests) -> Iterator[tuple[str, list[Pod]]]:
    for monitor in manifests.of_kind("PodMonitor"):
        yield "Prometheus", manifests.selected(monitor["spec"]["selector"])
    if manifests.of_kind("HTTPRoute", "Ingress"):
        named = {"key": "app.kubernetes.io/name", "operator": "In", "values": ["api", "ui"]}
        yield "visitors", manifests.selected({"matchExpressions": [named]})


def _outward(policies: list[Object], pod: Pod) -> list[Object]:
    return [rule for policy in _of(policies, pod) for rule in policy["spec"].get("egress", [])]


def _inward(policies: list[Object], pod: Pod) -> list[Object]:
    return [rule for policy in _of(policies, pod) for rule in policy["spec"].get("ingress", [])]


def _of(policies: list[Object], pod: Pod) -> list[Object]:
    return [policy for policy in policies if matches(policy["spec"]["podSelector"], pod.labels)]


def _names(peers: list[Object], pod: Pod) -> bool:
    return any(
        "podSelector" in peer
        and "namespaceSelector" not in peer
        and matches(peer["podSelector"], pod.labels)
        for peer in peers
    )


def _allows_port(rules: list[Object], port: int) -> bool:
    return any(_has_port(rule, port) for rule in rules)


def _has_port(rule: Object, port: int, server: Pod | None = None) -> bool:
    named = {one["name"]: one["containerPort"] for one in server.main["ports"]} if server else {}
    return any(named.get(one["port"], one["port"]) == port for one in rule.get("ports", []))
