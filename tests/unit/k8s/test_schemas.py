"""Every object of Kubernetes' own kinds fits Kubernetes' schema, with no field unknown to it.

Those of KEDA, the Gateway API and the Prometheus operator have schemas in their own repositories.
"""

from pathlib import Path

import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from tests.unit.k8s.manifests import K8S, Object, rendered
from tests.unit.k8s.test_overlays import OVERLAYS

_VERSION = "1.35"
_OTHERS = ("keda.sh/", "gateway.networking.k8s.io/", "monitoring.coreos.com/")


def _known(overlay: Path) -> list[Object]:
    found = rendered(overlay).objects
    return [one for one in found if not one["apiVersion"].startswith(_OTHERS)]


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.name)
def test_every_object_fits_its_schema(overlay: Path) -> None:
    known = _known(overlay)

    for one in known:
        kubernetes_validate.validate(one, _VERSION, strict=True)

    assert known


def test_a_field_that_nobody_knows_is_refused() -> None:
    (namespace,) = rendered(K8S / "overlays/dev").of_kind("Namespace")

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**namespace, "surprise": 1}, _VERSION, strict=True)
