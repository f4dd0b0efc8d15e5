"""What the README demands of a cluster is new enough for every field that the manifests set.

An older version drops a field that it does not know, most often without a word: the fallback that
keeps workers would become one that takes them away, and a stream would be cut after 15 s.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.k8s.manifests import K8S, rendered

_SINCE = {
    ("ScaledObject", "spec.advanced.scalingModifiers"): ("KEDA", (2, 12)),
    ("ScaledObject", "spec.fallback.behavior"): ("KEDA", (2, 17)),
    # Before, in the experimental channel only.
    ("HTTPRoute", "spec.rules.timeouts"): ("Gateway API", (1, 2)),
    ("Deployment", "spec.template.spec.containers.lifecycle.preStop.sleep"): (
        "Kubernetes",
        (1, 30),
    ),
    ("Deployment", "spec.template.spec.topologySpreadConstraints.matchLabelKeys"): (
        "Kubernetes",
        (1, 27),
    ),
    ("PodDisruptionBudget", "spec.unhealthyPodEvictionPolicy"): ("Kubernetes", (1, 27)),
}
"""By kind and path: since which version of what a field is there without a switch."""


def _demanded(what: str) -> tuple[int, ...]:
    readme = (K8S / "README.md").read_text("utf-8")
    found = re.search(rf"\[?{what}\]?(?:\([\w/-]+\))? (\d+)\.(\d+) or newer", readme)
    assert found, f"the README demands no version of {what}"
    return tuple(map(int, found.groups()))


def _values(found: Any, path: str) -> Iterator[Any]:
    if isinstance(found, list):
        for one in found:
            yield from _values(one, path)
    elif not path:
        yield found
    elif isinstance(found, dict):
        head, _, rest = path.partition(".")
        if head in found:
            yield from _values(found[head], rest)


@pytest.mark.parametrize(("kind", "path"), _SINCE)
def test_a_cluster_that_is_new_enough_knows_the_field(kind: str, path: str) -> None:
    what, since = _SINCE[kind, path]

    used = [
        value
        for manifest in rendered(K8S / "overlays/production").of_kind(kind)
        for value in _values(manifest, path)
    ]

    assert used, "nothing sets it any more"
    assert _demanded(what) >= since
