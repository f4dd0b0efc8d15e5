"""What Prometheus scrapes and alerts on is what every installation scrapes and alerts on."""

import re

import yaml

from scripts import make_prometheus_rule
from tests.unit.k8s.manifests import K8S, rendered


def test_the_rules_are_those_of_their_only_source() -> None:
    written = make_prometheus_rule.FILE.read_text("utf-8")

    assert written == make_prometheus_rule.text(), "python -m scripts.make_prometheus_rule"
    source = yaml.safe_load(make_prometheus_rule.SOURCE.read_text("utf-8"))
    assert yaml.safe_load(written)["spec"] == source


def test_pods_are_scraped_under_the_jobs_that_the_rules_name() -> None:
    manifests = rendered(K8S / "overlays/production")
    (monitor,) = manifests.of_kind("PodMonitor")
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    (job,) = endpoint["relabelings"]
    rules = make_prometheus_rule.SOURCE.read_text("utf-8")

    named = re.findall(r'job=~"([^"]+)"', rules)
    scraped = [
        job["replacement"].replace("$1", pod.labels["app.kubernetes.io/name"])
        for pod in manifests.selected(monitor["spec"]["selector"])
    ]

    assert named
    assert job["targetLabel"] == "job"
    assert len(scraped) == 3
    assert all(re.fullmatch(pattern, name) for pattern in named for name in scraped)
