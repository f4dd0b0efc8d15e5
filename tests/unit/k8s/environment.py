"""What a container finds in its environment, and the Secrets that the README asks for."""

import base64
import re
from functools import cache

from tests.unit.k8s.manifests import K8S, Manifests, Object, Pod

_ROW = re.compile(r"^\| `([a-z-]+)` \| `([A-Z_]+)` \| `([^`]+)` \|", re.MULTILINE)


@cache
def documented_secrets() -> dict[tuple[str, str], str]:
    """The README's table: an example by Secret and key."""
    return {(name, key): example for name, key, example in _ROW.findall(_readme())}


def _readme() -> str:
    return (K8S / "README.md").read_text("utf-8")


def secret_references(container: Object) -> list[tuple[str, str]]:
    """Secret and key of each variable that comes from one."""
    sources = [one.get("valueFrom", {}).get("secretKeyRef") for one in container.get("env", [])]
    return [(one["name"], one["key"]) for one in sources if one]


def secret_value(manifests: Manifests, name: str, key: str) -> str | None:
    """The value that is rendered, or else the README's example."""
    secret = manifests.find("Secret", name)
    if secret is not None:
        data = secret["data"].get(key)
        return base64.b64decode(data).decode() if data else None
    return documented_secrets().get((name, key))


def variables(manifests: Manifests, pod: Pod, container: Object) -> dict[str, str]:
    """All variables of a container. Raises KeyError for a ConfigMap that is not there."""
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        found |= _config(manifests, source["configMapRef"]["name"])
    for one in container.get("env", []):
        value = _value(manifests, one)
        if value is not None:
            found[one["name"]] = value
    return found


def _config(manifests: Manifests, name: str) -> dict[str, str]:
    config = manifests.find("ConfigMap", name)
    if config is None:
        raise KeyError(f"ConfigMap {name}")
    return dict(config.get("data", {}))


def _value(manifests: Manifests, one: Object) -> str | None:
    source = one.get("valueFrom", {})
    if secret := source.get("secretKeyRef"):
        return secret_value(manifests, secret["name"], secret["key"])
    if config := source.get("configMapKeyRef"):
        return _config(manifests, config["name"])[config["key"]]
    return str(one["value"])
