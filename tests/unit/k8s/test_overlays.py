"""Every overlay, and the components that no overlay uses, keep every rule."""

import re
from pathlib import Path

import pytest

from tests.unit.k8s.environment import documented_secrets, secret_references, variables
from tests.unit.k8s.manifests import K8S, DoesNotBuild, rendered
from tests.unit.k8s.rules import RULES

COMBINATIONS = Path(__file__).parent / "combinations"
OVERLAYS = [
    *sorted((K8S / "overlays").iterdir()),
    COMBINATIONS / "hpa-ingress-lakebase",
    COMBINATIONS / "oidc",
    COMBINATIONS / "server-certificates",
    COMBINATIONS / "tracing",
]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.name)
def test_every_overlay_keeps_every_rule(overlay: Path, rule: str) -> None:
    assert list(RULES[rule](rendered(overlay))) == []


def test_two_autoscalers_on_one_deployment_do_not_build() -> None:
    with pytest.raises(DoesNotBuild, match="spec/replicas"):
        rendered(COMBINATIONS / "keda-and-hpa")


def test_every_component_is_used_by_an_overlay_or_a_combination() -> None:
    used = "".join((overlay / "kustomization.yaml").read_text() for overlay in OVERLAYS)
    used += (K8S / "base/kustomization.yaml").read_text()

    components = [path.name for path in (K8S / "components").iterdir()]

    assert [name for name in components if f"components/{name}\n" not in used] == []


def test_of_the_local_models_the_same_is_said_here_as_by_compose() -> None:
    compose = (K8S.parent / "docker-compose.yml").read_text("utf-8")
    said = dict(re.findall(r"(MILLSTREAM_CONTINUE_ANSWERS|MILLSTREAM_CONDENSING):-(\w+)", compose))
    dev = rendered(K8S / "overlays/dev")
    worker = dev.pod("Deployment", "worker")
    assert worker

    given = variables(dev, worker, worker.main)

    assert len(said) == 2
    assert {name: given.get(name) for name in said} == said


def test_every_secret_of_the_table_is_used() -> None:
    production = rendered(K8S / "overlays/production")

    used = {
        reference
        for pod in production.pods()
        for container in pod.containers
        for reference in secret_references(container)
    }
    (login,) = production.of_kind("TriggerAuthentication")
    used |= {(one["name"], one["key"]) for one in login["spec"]["secretTargetRef"]}

    assert documented_secrets().keys() == used
