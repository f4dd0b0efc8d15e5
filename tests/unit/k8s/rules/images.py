"""Images are targets of the Dockerfile, of one fixed version, run as the Dockerfile's user."""

import re
from collections.abc import Iterator
from functools import cache

from tests.unit.k8s.manifests import ROOT, Manifests
from tests.unit.k8s.programs import program_of


def images(manifests: Manifests) -> Iterator[str]:
    """Complain of images that nobody builds, that move, or that run as another user."""
    for pod in manifests.pods():
        for container in pod.containers:
            name, _, tag = container["image"].rpartition("/")[2].partition(":")
            if not tag or tag == "latest":
                yield f"{pod.name}: {container['image']} is not of a fixed version"
            program = program_of(container)
            if program is None:
                continue
            if name.removeprefix("millstream-") != program.image:
                yield f"{pod.name}: {container['image']} is not the image of {program.image}"
            if program.image not in _targets():
                yield f"{pod.name}: {program.image} is not a target of the Dockerfile"
            if (user := pod.spec["securityContext"].get("runAsUser")) != _user():
                yield f"{pod.name}: runAsUser {user} is not the Dockerfile's {_user()}"


@cache
def _dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text("utf-8")


def _targets() -> set[str]:
    return set(re.findall(r"^FROM \S+ AS (\S+)$", _dockerfile(), re.MULTILINE))


def _user() -> int:
    return int(re.findall(r"^USER (\d+)", _dockerfile(), re.MULTILINE)[-1])
