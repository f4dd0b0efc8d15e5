"""What a container is given are settings that its program has, with values that it takes."""

import os
from collections.abc import Iterator
from unittest import mock

from pydantic import ValidationError

from tests.unit.k8s.environment import secret_references, secret_value, variables
from tests.unit.k8s.manifests import Manifests, Object, Pod
from tests.unit.k8s.programs import Program, program_of

_OTHERS = ("DATABRICKS_", "OTEL_", "MLFLOW_")
_MODEL_SERVING = {"DATABRICKS_HOST"}


def settings(manifests: Manifests) -> Iterator[str]:
    """Complain of settings that are unknown, missing, or of a wrong value."""
    for pod in manifests.pods():
        for container in pod.containers:
            program = program_of(container)
            if program is None:
                continue
            try:
                given = variables(manifests, pod, container)
            except KeyError as error:
                yield f"{pod.name}: {error.args[0]} is not there"
                continue
            yield from (f"{pod.name}: {one}" for one in _complaints(program, given))
            yield from _twice(pod)


def _complaints(program: Program, given: dict[str, str]) -> Iterator[str]:
    for name in given:
        if name not in program.settings() and not name.startswith(_OTHERS):
            yield f"{name} is no setting of {' '.join(program.arguments)}"
    if program.arguments[0] == "millstream_worker":
        yield from (f"{name} is not given" for name in _MODEL_SERVING - given.keys())
    with mock.patch.dict(os.environ, given, clear=True):
        try:
            program.reads()
        except ValidationError as error:
            for problem in error.errors():
                yield f"{'.'.join(map(str, problem['loc'])) or 'settings'}: {problem['msg']}"


def _twice(pod: Pod) -> Iterator[str]:
    for container in pod.containers:
        names = [one["name"] for one in container.get("env", [])]
        yield from (
            f"{pod.name}: {name} stands twice" for name in set(names) if names.count(name) > 1
        )


def secrets(manifests: Manifests) -> Iterator[str]:
    """Complain of Secrets that are neither rendered nor in the README's table."""
    for pod in manifests.pods():
        for container in pod.containers:
            for name, key in secret_references(container):
                if _is_nowhere(manifests, name, key) and not _is_optional(container, key):
                    yield f"{pod.name}: {key} of Secret {name} is neither there nor documented"
    for login in manifests.of_kind("TriggerAuthentication"):
        for one in login["spec"]["secretTargetRef"]:
            if _is_nowhere(manifests, one["name"], one["key"]):
                who = f"TriggerAuthentication/{login['metadata']['name']}"
                yield f"{who}: {one['key']} of Secret {one['name']} is neither there nor documented"


def _is_nowhere(manifests: Manifests, name: str, key: str) -> bool:
    return secret_value(manifests, name, key) is None


def _is_optional(container: Object, key: str) -> bool:
    sources = [one.get("valueFrom", {}).get("secretKeyRef", {}) for one in container["env"]]
    return any(one.get("key") == key and one.get("optional") for one in sources)
