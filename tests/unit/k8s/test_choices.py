"""Production changed as its README says it may be: fewer components, another, MLflow."""

import re
import shutil
from pathlib import Path

import pytest

from tests.unit.k8s.environment import variables
from tests.unit.k8s.manifests import K8S, Manifests, rendered
from tests.unit.k8s.rules import RULES

_LISTED = re.findall(
    r"(?m)^  - \.\./\.\./components/([\w-]+)$",
    (K8S / "overlays/production/kustomization.yaml").read_text("utf-8"),
)
# The login to the workspace is no choice.
CHOICES = [name for name in _LISTED if name != "databricks-login"]


def _changed(folder: Path, component: str, line: str, **site: str) -> Manifests:
    """Production with another line for a component's."""
    shutil.copytree(K8S, folder / "k8s")
    overlay = folder / "k8s/overlays/production"
    text = (overlay / "kustomization.yaml").read_text("utf-8")
    found = f"  - ../../components/{component}\n"
    assert found in text
    (overlay / "kustomization.yaml").write_text(text.replace(found, line), "utf-8")
    for name, value in site.items():
        (overlay / "settings/site.env").write_text(f"{name}={value}\n", "utf-8")
    return rendered(overlay)


def _complaints(manifests: Manifests) -> list[str]:
    return [one for rule in RULES.values() for one in rule(manifests)]


@pytest.mark.parametrize("component", CHOICES)
def test_what_a_cluster_does_not_have_can_be_taken_out(tmp_path: Path, component: str) -> None:
    assert _complaints(_changed(tmp_path, component, "")) == []


def test_answers_may_be_kept_as_traces_in_the_workspace(tmp_path: Path) -> None:
    readme = (K8S / "README.md").read_text("utf-8")
    said = re.findall(r"`(MLFLOW_\w+)=([^`]+)`", readme)
    shutil.copytree(K8S, tmp_path / "k8s")
    overlay = tmp_path / "k8s/overlays/production"
    for file in re.findall(r"`(settings/[\w-]*worker\.env)`", readme):
        with (overlay / file).open("a", encoding="utf-8") as settings:
            settings.writelines(f"{name}={value}\n" for name, value in said)

    manifests = rendered(overlay)

    assert _complaints(manifests) == []
    for name in ("worker", "ingest-worker"):
        pod = manifests.pod("Deployment", name)
        assert pod
        assert dict(said).items() <= variables(manifests, pod, pod.main).items()
    assert len(said) == 2


def test_an_ingress_in_the_place_of_the_gateway_has_the_sites_name(tmp_path: Path) -> None:
    ingress = "  - ../../components/ingress\n"

    manifests = _changed(tmp_path, "gateway", ingress, HOST="chat.example.org")

    assert _complaints(manifests) == []
    (door,) = manifests.of_kind("Ingress")
    assert [rule["host"] for rule in door["spec"]["rules"]] == ["chat.example.org"]
    assert [tls["hosts"] for tls in door["spec"]["tls"]] == [["chat.example.org"]]
