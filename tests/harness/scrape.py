"""Reads what a process exports to Prometheus, by Prometheus' own parser."""

from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families


@dataclass(frozen=True)
class Scrape:
    """The samples of one scrape."""

    samples: dict[tuple[str, tuple[tuple[str, str], ...]], float]

    @classmethod
    def of(cls, base_url: str) -> "Scrape":
        """Scrape a process."""
        answer = httpx.get(f"{base_url}/metrics", trust_env=False, timeout=10)
        answer.raise_for_status()
        families = text_string_to_metric_families(answer.text)
        return cls(
            {
                (sample.name, tuple(sorted(sample.labels.items()))): sample.value
                for family in families
                for sample in family.samples
            }
        )

    def __call__(self, name: str, **labels: str) -> float:
        """Return a sample's value. Raises KeyError when it was not exported."""
        return self.samples[name, tuple(sorted(labels.items()))]

    def rises(self, later: "Scrape", name: str, **labels: str) -> float:
        """Return by how much a sample was higher later; one that was not there counts as 0."""
        key = name, tuple(sorted(labels.items()))
        return later.samples[key] - self.samples.get(key, 0.0)

    @property
    def names(self) -> set[str]:
        """The names of all samples."""
        return {name for name, _ in self.samples}
