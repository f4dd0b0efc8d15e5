"""Writes Grafana's dashboard from the panels of dashboard_panels.py.

python -m scripts.make_dashboard
"""

import json
import re
from pathlib import Path
from typing import Any, Final

from scripts.dashboard_panels import ROWS, Panel

PLACE: Final = Path(__file__).parents[1] / "deploy/observe/dashboards/millstream.json"

_SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
_COLUMNS: Final = 24

_SOURCES: Final = {
    "type": "datasource",
    "name": "source",
    "label": "Prometheus",
    "query": "prometheus",
    "current": {"text": "default", "value": "default"},
    "refresh": 1,
}
"""Any Prometheus that Grafana knows; at first its default."""

_OURS: Final = 'job=~"millstream-.+"'
_HERE: Final = 'namespace=~"$namespace"'
_SELECTOR: Final = re.compile(r"\b(?P<name>(?:millstream|process)_\w+)(?:\{(?P<labels>[^}]*)\})?")

_NAMESPACES: Final = {
    "type": "query",
    "name": "namespace",
    "label": "Namespace",
    "datasource": _SOURCE,
    "definition": f"label_values(up{{{_OURS}}}, namespace)",
    "query": {"query": f"label_values(up{{{_OURS}}}, namespace)", "refId": "namespace"},
    "refresh": 2,
    "sort": 1,
    "multi": True,
    "includeAll": True,
    "allValue": ".*",
    "current": {"text": ["All"], "value": ["$__all"]},
}
"""The installations that Prometheus knows; all at first. Outside of Kubernetes no series has the
label: there the list is empty, and all (``.*``) takes what has none."""

_ALERTS: Final = {
    "name": "Alerts",
    "datasource": _SOURCE,
    "enable": True,
    "iconColor": "red",
    # That everything is gone is told of no namespace, so it is told to all.
    "expr": 'ALERTS{alertstate="firing", alertname=~"Millstream.+", namespace=~"$namespace|"}',
    "step": "15s",
    "titleFormat": "{{alertname}}",
    "textFormat": "{{severity}} {{namespace}}",
}
"""When an alert fired, over every panel."""


def dashboard() -> dict[str, Any]:
    """Return the dashboard as Grafana reads it."""
    return {
        "uid": "millstream",
        "title": "Millstream",
        "tags": ["millstream"],
        "timezone": "browser",
        "schemaVersion": 41,
        "editable": False,
        "refresh": "10s",
        "time": {"from": "now-30m", "to": "now"},
        "templating": {"list": [_SOURCES, _NAMESPACES]},
        "annotations": {"list": [_ALERTS]},
        "panels": _panels(),
    }


def _panels() -> list[dict[str, Any]]:
    panels: list[dict[str, Any]] = []
    top = 0
    for heading, row in ROWS.items():
        place = {"x": 0, "y": top, "w": _COLUMNS, "h": 1}
        panels.append(
            {"id": len(panels) + 1, "type": "row", "title": heading, "gridPos": place, "panels": []}
        )
        top, left = top + 1, 0
        height = 4 if row[0].kind == "stat" else 8
        for panel in row:
            if left + panel.width > _COLUMNS:
                top, left = top + height, 0
            place = {"x": left, "y": top, "w": panel.width, "h": height}
            panels.append(_panel(panel, len(panels) + 1, place))
            left += panel.width
        top += height
    return panels


def _panel(panel: Panel, id_: int, place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": id_,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "gridPos": place,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _OPTIONS[panel.kind],
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": _SOURCE,
                "expr": _of_ours(expression),
                "legendFormat": legend or "__auto",
            }
            for number, (legend, expression) in enumerate(panel.queries.items())
        ],
    }


def _of_ours(expression: str) -> str:
    """Ask for what is chosen; and of what every process exports, for that of ours alone."""

    def narrowed(found: re.Match[str]) -> str:
        ours = () if found["name"].startswith("millstream_") else (_OURS,)
        labels = (*filter(None, [found["labels"]]), *ours, _HERE)
        return f"{found['name']}{{{', '.join(labels)}}}"

    return _SELECTOR.sub(narrowed, expression)


def _defaults(panel: Panel) -> dict[str, Any]:
    return {
        "unit": panel.unit,
        "min": 0,
        "color": {"mode": "thresholds" if panel.kind == "stat" else "palette-classic"},
        "thresholds": {
            "mode": "absolute",
            "steps": [{"value": value, "color": color} for value, color in panel.steps],
        },
        "mappings": panel.mappings,
    }


_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "stat": {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}},
    "timeseries": {
        "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom"},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
}


def written() -> str:
    """Return the dashboard's file."""
    return json.dumps(dashboard(), indent=1) + "\n"


if __name__ == "__main__":
    PLACE.write_text(written(), "utf-8")
