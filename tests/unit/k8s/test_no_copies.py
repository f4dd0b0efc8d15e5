"""No manifest, and no part of one that is worth a name, stands in two places."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.unit.k8s.manifests import K8S

_LEAVES = 8
"""Smaller ones (a probe, a label) are repeated, as words are."""


def _sources(folder: Path) -> Iterator[tuple[str, Any]]:
    for path in sorted(folder.rglob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            yield str(path.relative_to(folder)), document


def _copies(folder: Path) -> dict[str, set[str]]:
    """The places of each part that stands in several; the largest parts only."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for name, document in _sources(folder):
        for path, part in _parts(document, name):
            places[json.dumps(part, sort_keys=True)].append(path)
    return {part: set(found) for part, found in places.items() if len(found) > 1}


def _parts(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if _leaves(value) < _LEAVES:
        return
    yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inner:
        yield from _parts(one, f"{path}.{key}")


def _leaves(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_leaves(one) for one in value.values())
    return sum(_leaves(one) for one in value) if isinstance(value, list) else 1


def _defined_twice(folder: Path) -> set[tuple[str, str]]:
    found: defaultdict[tuple[str, str], int] = defaultdict(int)
    for name, document in _sources(folder):
        if isinstance(document, dict) and not name.endswith("kustomization.yaml"):
            found[document["kind"], document["metadata"]["name"]] += 1
    return {key for key, times in found.items() if times > 1}


def test_no_object_is_defined_twice() -> None:
    # Two components that exclude each other may scale the same Deployment; kinds differ then.
    assert _defined_twice(K8S) == set()


def test_no_part_of_a_manifest_is_a_copy_of_another() -> None:
    assert _copies(K8S) == {}


def test_a_copy_is_found(tmp_path: Path) -> None:
    original = K8S / "base/api.yaml"
    (tmp_path / "api.yaml").write_text(original.read_text())
    changed = original.read_text().replace("replicas: 2", "replicas: 3")
    (tmp_path / "copy.yaml").write_text(changed)

    assert ("Deployment", "api") in _defined_twice(tmp_path)
    assert {"api.yaml.spec.template", "copy.yaml.spec.template"} in _copies(tmp_path).values()
