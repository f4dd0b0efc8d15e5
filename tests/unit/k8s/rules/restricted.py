"""The restricted Pod Security standard, a read-only root, and no key to the cluster."""

from collections.abc import Iterator

from tests.unit.k8s.manifests import Manifests, Object, Pod

_LEVEL = "pod-security.kubernetes.io/enforce"
_VOLUMES = {"configMap", "emptyDir", "persistentVolumeClaim", "projected", "secret"}


def restricted(manifests: Manifests) -> Iterator[str]:
    """Complain of what the standard, or we, do not allow."""
    for namespace in manifests.of_kind("Namespace"):
        if namespace["metadata"].get("labels", {}).get(_LEVEL) != "restricted":
            yield f"Namespace/{namespace['metadata']['name']}: {_LEVEL} is not restricted"
    if not manifests.of_kind("Namespace"):
        yield "there is no Namespace that enforces anything"
    for one in manifests.objects:
        if one["kind"] != "Namespace" and one["metadata"].get("namespace") != "millstream":
            yield f"{one['kind']}/{one['metadata']['name']}: not in the namespace millstream"
    for pod in manifests.pods():
        yield from (f"{pod.name}: {complaint}" for complaint in _pod(manifests, pod))
        for container in pod.containers:
            yield from (f"{pod.name}: {complaint}" for complaint in _container(container))


def _pod(manifests: Manifests, pod: Pod) -> Iterator[str]:
    context = pod.spec.get("securityContext", {})
    if pod.spec.get("automountServiceAccountToken") is not False:
        yield "automountServiceAccountToken is not false"
    if pod.spec.get("enableServiceLinks") is not False:
        yield "enableServiceLinks is not false: a Service could set our variables"
    account = pod.spec.get("serviceAccountName")
    if account and not manifests.find("ServiceAccount", account):
        yield f"there is no ServiceAccount {account}"
    if not context.get("runAsNonRoot"):
        yield "runAsNonRoot is not true"
    user = context.get("runAsUser")
    if not isinstance(user, int) or user == 0:
        yield f"runAsUser is {user}, not a number above 0"
    if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "seccompProfile is not RuntimeDefault"
    yield from (f"{key} is set" for key in ("hostNetwork", "hostPID", "hostIPC") if key in pod.spec)
    for volume in pod.spec.get("volumes", []):
        if not _VOLUMES & volume.keys():
            yield f"volume {volume['name']} is of a kind that is not allowed"
        if volume["name"] == "tmp" and volume.get("emptyDir", {}).get("medium") != "Memory":
            yield "/tmp is on the node's disk"


def _container(container: Object) -> Iterator[str]:
    name, context = container["name"], container.get("securityContext", {})
    if context.get("allowPrivilegeEscalation") is not False:
        yield f"{name}: allowPrivilegeEscalation is not false"
    if context.get("readOnlyRootFilesystem") is not True:
        yield f"{name}: readOnlyRootFilesystem is not true"
    if context.get("capabilities") != {"drop": ["ALL"]}:
        yield f"{name}: capabilities are not just: drop ALL"
    if context.get("privileged") or any("hostPort" in port for port in container.get("ports", [])):
        yield f"{name}: privileged, or with a hostPort"
    if context.keys() & {"runAsUser", "runAsNonRoot", "seccompProfile"}:
        yield f"{name}: says again, or otherwise, what the pod says"
    mounts = {mount["mountPath"]: mount["name"] for mount in container.get("volumeMounts", [])}
    if "/tmp" not in mounts:
        yield f"{name}: nothing to write to at /tmp"
    resources = container.get("resources", {})
    if not {"cpu", "memory"} <= resources.get("requests", {}).keys():
        yield f"{name}: no requests of cpu and memory"
    if "memory" not in resources.get("limits", {}):
        yield f"{name}: no limit of memory"
