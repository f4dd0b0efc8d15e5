"""Reads what a process exports to Prometheus, by Prometheus' own parser."""

from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.harness.deadlines import eventually, scaled


@dataclass(frozen=True)
class Scrape:
    """The samples of one scrape."""

    samples: dict[tuple[str, tuple[tuple[str, str], ...]], float]

    @classmethod
    def of(cls, base_url: str) -> "Scrape":
        """Scrape a process."""
        answer = httpx.get(f"{base_url}/metrics", trust_env=False, timeout=scaled(30))
        answer.raise_for_status()
        families = text_string_to_metric_families(answer.text)
        return cls(
            {
                (sample.name, tuple(sorted(sample.labels.items()))): sample.value
                for family in families
                for sample in family.samples
            }
        )

    @classmethod
    def with_answers_of(cls, base_url: str, *servers: str) -> "Scrape":
        """Wait for a scrape of an API that these servers behind it have answered in time."""

        def scraped() -> Scrape | None:
            scrape = cls.of(base_url)
            up = {scrape("millstream_dependency_up", dependency=server) for server in servers}
            return scrape if up == {1} else None

        return eventually(f"{' and '.join(servers)} to answer a scrape", scraped, 30)

    def __call__(self, name: str, **labels: str) -> float:
        """Return a sample's value. Raises KeyError when it was not exported."""
        return self.samples[name, tuple(sorted(labels.items()))]

    def rises(self, later: "Scrape", name: str, **labels: str) -> float:
        """Return by how much a sample was higher later; one that was not there counts as 0.

        A series with labels begins when it is first counted.
        """
        key = name, tuple(sorted(labels.items()))
        return later.samples.get(key, 0.0) - self.samples.get(key, 0.0)

    @property
    def names(self) -> set[str]:
        """The names of all samples."""
        return {name for name, _ in self.samples}
