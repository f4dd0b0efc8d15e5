"""One autoscaler to a Deployment; workers follow the work board, slowly downwards."""

import re
from collections.abc import Iterator

from bench.capacity import Costs, Load, needs
from millstream_contract.jobs import INGEST_QUEUE
from millstream_contract.keys import LEASES_KEY, QUEUED_KEY
from tests.unit.k8s.environment import variables
from tests.unit.k8s.manifests import Manifests, Object

_BOARD = {"queued": QUEUED_KEY, "running": LEASES_KEY}
_STABLE_SECONDS = 300


def autoscaling(manifests: Manifests) -> Iterator[str]:
    """Complain of two autoscalers, of wrong signals, and of haste on the way down."""
    targets: dict[str, list[str]] = {}
    for scaler in manifests.of_kind("ScaledObject", "HorizontalPodAutoscaler"):
        name = f"{scaler['kind']}/{scaler['metadata']['name']}"
        target = scaler["spec"]["scaleTargetRef"]["name"]
        targets.setdefault(target, []).append(name)
        yield from (f"{name}: {one}" for one in _downwards(scaler))
    for target, scalers in targets.items():
        if len(scalers) > 1:
            yield f"Deployment/{target}: more than one autoscaler: {', '.join(sorted(scalers))}"
        deployment = manifests.find("Deployment", target)
        if deployment is None:
            yield f"{scalers[0]}: there is no Deployment {target}"
        elif "replicas" in deployment["spec"]:
            yield f"Deployment/{target}: replicas, though an autoscaler owns the number"
        for scaler in manifests.of_kind("HorizontalPodAutoscaler"):
            if scaler["spec"]["scaleTargetRef"]["name"] == target == "worker":
                yield from (f"{scalers[0]}: {one}" for one in _by_cpu(manifests, scaler))
    for scaled in manifests.of_kind("ScaledObject"):
        yield from (f"ScaledObject/{scaled['metadata']['name']}: {one}" for one in _keda(scaled))
        if scaled["spec"]["scaleTargetRef"]["name"] == "worker":
            yield from (f"ScaledObject/worker: {one}" for one in _worker(manifests, scaled))


def _downwards(scaler: Object) -> Iterator[str]:
    spec = scaler["spec"]
    config = spec.get("advanced", {}).get("horizontalPodAutoscalerConfig", spec)
    down = config.get("behavior", {}).get("scaleDown", {})
    if down.get("stabilizationWindowSeconds", 0) < _STABLE_SECONDS:
        yield f"scales down after less than {_STABLE_SECONDS} s"
    if [one["value"] for one in down.get("policies", [])] != [1]:
        yield "does not scale down one by one"
    if not spec.get("minReplicaCount", spec.get("minReplicas", 0)):
        yield "may leave nobody"


def _keda(scaled: Object) -> Iterator[str]:
    spec = scaled["spec"]
    redis = [trigger for trigger in spec["triggers"] if trigger["type"] == "redis"]
    if redis and spec.get("fallback", {}).get("behavior") != "currentReplicasIfHigher":
        yield "no fallback that keeps the workers there are while Redis is away"
    for trigger in redis:
        if not trigger.get("authenticationRef"):
            yield f"trigger {trigger.get('name')}: no authenticationRef"
        key = trigger["metadata"]["listName"]
        if key not in {*_BOARD.values(), INGEST_QUEUE}:
            yield f"trigger {trigger.get('name')}: {key} is no key of ours"


def _worker(manifests: Manifests, scaled: Object) -> Iterator[str]:
    triggers = {
        one.get("name"): one["metadata"].get("listName") for one in scaled["spec"]["triggers"]
    }
    if triggers != _BOARD:
        yield f"triggers are {triggers}, not {_BOARD}"
    modifiers = scaled["spec"].get("advanced", {}).get("scalingModifiers", {})
    if set(re.findall(r"\w+", modifiers.get("formula", ""))) != set(_BOARD):
        yield f"formula is {modifiers.get('formula')!r}, not the sum of {' and '.join(_BOARD)}"
    slots = _slots(manifests)
    if slots and not slots / 2 < float(modifiers.get("target", 0)) < slots:
        yield f"target {modifiers.get('target')} does not fit {slots} answers to a worker"


def _by_cpu(manifests: Manifests, scaler: Object) -> Iterator[str]:
    """A worker whose slots are all taken must be above what it is scaled by."""
    slots = _slots(manifests)
    targets = [metric["resource"]["target"] for metric in scaler["spec"].get("metrics", [])]
    if [target["type"] for target in targets] != ["AverageValue"]:
        yield "a share of what is requested says nothing of slots; give averageValue"
        return
    waits_for = int(targets[0]["averageValue"].removesuffix("m")) / 1000
    full = needs(Load("", slots), Costs()).worker
    if slots and waits_for > full:
        yield f"all {slots} slots of a worker take {full:.2f} cores, and it waits for {waits_for:g}"


def _slots(manifests: Manifests) -> int:
    pod = manifests.pod("Deployment", "worker")
    if pod is None:
        return 0  # another rule complains of that
    return int(variables(manifests, pod, pod.main)["MILLSTREAM_ANSWERS_CONCURRENCY"])
