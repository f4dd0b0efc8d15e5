"""What a kustomization renders to, and the questions that rules ask of it."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
K8S = ROOT / "k8s"

Object = dict[str, Any]

_KUBECTL = Path(sys.executable).parent / "kubectl"


class DoesNotBuild(Exception):
    """Kustomize refused it."""


@dataclass(frozen=True)
class Pod:
    """A pod template, and whose it is."""

    owner: Object
    spec: Object
    labels: dict[str, str]

    @property
    def name(self) -> str:
        return f"{self.owner['kind']}/{self.owner['metadata']['name']}"

    @property
    def containers(self) -> list[Object]:
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    @property
    def main(self) -> Object:
        container: Object = self.spec["containers"][0]
        return container


class Manifests:
    """The objects of one kustomization."""

    def __init__(self, objects: list[Object]) -> None:
        self.objects = objects

    def of_kind(self, *kinds: str) -> list[Object]:
        return [one for one in self.objects if one["kind"] in kinds]

    def find(self, kind: str, name: str) -> Object | None:
        found = (one for one in self.of_kind(kind) if one["metadata"]["name"] == name)
        return next(found, None)

    def pods(self) -> Iterator[Pod]:
        for owner in self.of_kind("Deployment", "StatefulSet", "Job"):
            template = owner["spec"]["template"]
            yield Pod(owner, template["spec"], template["metadata"]["labels"])

    def pod(self, kind: str, name: str) -> Pod | None:
        return next((one for one in self.pods() if one.name == f"{kind}/{name}"), None)

    def selected(self, selector: Object) -> list[Pod]:
        return [pod for pod in self.pods() if matches(selector, pod.labels)]


def matches(selector: Object, labels: dict[str, str]) -> bool:
    """Tell whether a label selector takes these labels; an empty one takes all."""
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for expression in selector.get("matchExpressions", []):
        if expression["operator"] != "In":
            raise ValueError(f"selectors here are matched by In, not {expression['operator']}")
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return True


@cache
def rendered(folder: Path) -> Manifests:
    """Build a kustomization as kubectl does. Raises DoesNotBuild with what it said."""
    done = subprocess.run([_KUBECTL, "kustomize", folder], capture_output=True, text=True)
    if done.returncode:
        raise DoesNotBuild(done.stderr)
    return Manifests([one for one in yaml.safe_load_all(done.stdout) if one])
