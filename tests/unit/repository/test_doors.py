"""Behind proxy, Gateway and Ingress the API's paths lead to the API, and its insides nowhere."""

import re
from pathlib import Path

import pytest
import yaml
from flask import Flask

ROOT = Path(__file__).parents[3]
INSIDE = {"/metrics", "/healthz", "/readyz"}


def _proxy() -> list[tuple[str, bool]]:
    """Paths that the proxy sends to the API, and whether what is below them goes there, too."""
    text = (ROOT / "deploy/proxy/routes.conf").read_text("utf-8")
    found = re.findall(r"(?m)^location (= )?(\S+)\s+\{ proxy_pass \$api; \}", text)
    return [(path, not exact) for exact, path in found]


def _gateway() -> list[tuple[str, bool]]:
    route = yaml.safe_load((ROOT / "k8s/components/gateway/route.yaml").read_text("utf-8"))
    return [
        (match["path"]["value"], match["path"]["type"] == "PathPrefix")
        for rule in route["spec"]["rules"]
        if rule["backendRefs"][0]["name"] == "api"
        for match in rule["matches"]
    ]


def _ingress() -> list[tuple[str, bool]]:
    text = (ROOT / "k8s/components/ingress/ingress.yaml").read_text("utf-8")
    (rule,) = yaml.safe_load(text)["spec"]["rules"]
    return [
        (one["path"], one["pathType"] == "Prefix")
        for one in rule["http"]["paths"]
        if one["backend"]["service"]["name"] == "api"
    ]


def _leads_there(path: str, routes: list[tuple[str, bool]]) -> bool:
    return any(
        path == known or (below and path.startswith(known.rstrip("/") + "/"))
        for known, below in routes
    )


@pytest.fixture(scope="module")
def paths() -> set[str]:
    """Every path of the API that is for the world."""
    from millstream_api.app import add_routes

    app = Flask("doors", static_folder=None)
    add_routes(app)
    return {rule.rule for rule in app.url_map.iter_rules()} - INSIDE


@pytest.mark.parametrize(
    "routes", [_proxy(), _gateway(), _ingress()], ids=["proxy", "gateway", "ingress"]
)
def test_every_path_of_the_api_leads_to_it(routes: list[tuple[str, bool]], paths: set[str]) -> None:
    assert {"/v1/responses", "/openapi.json"} <= paths
    assert [path for path in sorted(paths) if not _leads_there(path, routes)] == []


@pytest.mark.parametrize("routes", [_gateway(), _ingress()], ids=["gateway", "ingress"])
def test_the_insides_of_the_api_are_not_reached_from_outside(
    routes: list[tuple[str, bool]],
) -> None:
    assert [path for path in INSIDE if _leads_there(path, routes)] == []
