"""The servers that a pod's variables name: these it must reach, and no others."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.unit.k8s.environment import variables
from tests.unit.k8s.manifests import Manifests, Pod

_PORTS = {
    "postgresql": 5432,
    "lakebase": 5432,
    "redis": 6379,
    "rediss": 6379,
    "http": 80,
    "https": 443,
}
# Of the page alone: it is for browsers.
_NOT_CALLED = {"MILLSTREAM_PUBLIC_API_URL", "MILLSTREAM_CORS_ORIGINS"}


@dataclass(frozen=True)
class Address:
    """A server: a Service of ours by name, or something outside of the namespace."""

    host: str
    port: int


def addresses(manifests: Manifests, pod: Pod) -> Iterator[Address]:
    """Every server that the variables of the pod's containers name."""
    for container in pod.containers:
        for name, value in variables(manifests, pod, container).items():
            parts = urlsplit(value)
            if parts.scheme in _PORTS and name not in _NOT_CALLED:
                yield Address(parts.hostname or "", parts.port or _PORTS[parts.scheme])
