"""What every overlay must keep; a rule yields a complaint for each place where it is not kept."""

from collections.abc import Callable, Iterator

from tests.unit.k8s.manifests import Manifests
from tests.unit.k8s.rules.autoscaling import autoscaling
from tests.unit.k8s.rules.doors import doors
from tests.unit.k8s.rules.edges import edges
from tests.unit.k8s.rules.endings import endings
from tests.unit.k8s.rules.images import images
from tests.unit.k8s.rules.ports import ports
from tests.unit.k8s.rules.probes import probes
from tests.unit.k8s.rules.restricted import restricted
from tests.unit.k8s.rules.settings import secrets, settings

Rule = Callable[[Manifests], Iterator[str]]

RULES: dict[str, Rule] = {
    "autoscaling": autoscaling,
    "doors": doors,
    "edges": edges,
    "endings": endings,
    "images": images,
    "ports": ports,
    "probes": probes,
    "restricted": restricted,
    "secrets": secrets,
    "settings": settings,
}
