"""A pod is killed after preStop, drain and some seconds to end, never before."""

from collections.abc import Iterator

from tests.unit.k8s.environment import variables
from tests.unit.k8s.manifests import Manifests, Pod
from tests.unit.k8s.programs import program_of

_MARGIN_SECONDS = 10
_DRAINS = ("drain_seconds", "shutdown_grace_seconds", "ui_drain_seconds")


def endings(manifests: Manifests) -> Iterator[str]:
    """Complain of pods that are killed while they drain, or hang on to what they cannot finish."""
    for pod in manifests.pods():
        program = program_of(pod.main)
        if pod.owner["kind"] != "Deployment" or program is None:
            continue
        setting, drain = _drain(manifests, pod)
        pause = pod.main.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        grace = pod.spec.get("terminationGracePeriodSeconds", 30)
        if grace < pause + drain + _MARGIN_SECONDS:
            yield (
                f"{pod.name}: terminationGracePeriodSeconds {grace} is less than preStop {pause}"
                f" + {setting} {drain:g} + {_MARGIN_SECONDS} to end"
            )
        if _is_served(manifests, pod) and not pause:
            yield f"{pod.name}: no preStop, though a Service sends here"


def _drain(manifests: Manifests, pod: Pod) -> tuple[str, float]:
    program = program_of(pod.main)
    if program is None:
        raise ValueError(pod.name)
    given = variables(manifests, pod, pod.main)
    for variable, field in program.settings().items():
        if variable.lower().endswith(_DRAINS):
            return variable, float(given.get(variable, field.default))
    raise ValueError(f"{pod.name} has no setting that says how long it drains")


def _is_served(manifests: Manifests, pod: Pod) -> bool:
    ours = ("api", "ui")
    return pod.owner["metadata"]["name"] in ours and any(
        pod in manifests.selected({"matchLabels": service["spec"]["selector"]})
        for service in manifests.of_kind("Service")
    )
