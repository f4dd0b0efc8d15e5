"""The dashboard can be read: units that fit, colours that mean something, any data source."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.make_dashboard import dashboard

DASHBOARD = dashboard()
PANELS: list[dict[str, Any]] = [one for one in DASHBOARD["panels"] if one["type"] != "row"]


def _fitting(query: str) -> set[str]:
    """The units in which a query's values are."""
    query = re.sub(r"\{[^}]*\}", "", query)
    if re.search(r"histogram_quantile\(.*millstream_\w*_seconds_bucket", query):
        return {"s"}
    if "process_cpu_seconds_total" in query or "/" in query:
        return {"percentunit"}
    if "tokens" in query:
        return {"suffix: tokens/s"}
    if "rate(" in query:
        return {"Bps"} if "_bytes_total" in query else {"cps", "reqps"}
    if query.endswith("_seconds)") or query.endswith("_seconds"):
        return {"s"}
    return {"bytes"} if "_bytes" in query else {"short"}


def _queries() -> Iterator[tuple[str, str, str]]:
    for panel in PANELS:
        for target in panel["targets"]:
            yield panel["title"], panel["fieldConfig"]["defaults"]["unit"], target["expr"]


@pytest.mark.parametrize(("title", "unit", "query"), list(_queries()))
def test_a_panels_unit_is_that_of_each_of_its_queries(title: str, unit: str, query: str) -> None:
    assert unit in _fitting(query)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_figure_has_limits_of_its_own_and_not_red_from_80(panel: dict[str, Any]) -> None:
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]

    assert steps[0]["value"] is None
    assert 80 not in [step["value"] for step in steps]


def test_a_server_that_is_away_is_said_in_words_and_red() -> None:
    (panel,) = (one for one in PANELS if one["title"] == "Servers that answer")
    (mapping,) = panel["fieldConfig"]["defaults"]["mappings"]

    assert mapping["options"]["0"] == {"text": "away", "color": "red", "index": 0}
    assert mapping["options"]["1"]["text"] == "answers"


def test_the_data_source_is_whichever_prometheus_the_reader_chooses() -> None:
    variable, namespaces = DASHBOARD["templating"]["list"]

    assert (variable["type"], variable["query"]) == ("datasource", "prometheus")
    chosen = f"${{{variable['name']}}}"
    sources = [panel["datasource"] for panel in PANELS]
    sources += [target["datasource"] for panel in PANELS for target in panel["targets"]]
    sources += [namespaces["datasource"]]
    assert {source["uid"] for source in sources} == {chosen}


@pytest.mark.parametrize(("title", "unit", "query"), list(_queries()))
def test_a_query_asks_for_the_chosen_installations_and_for_nobody_elses_processes(
    title: str, unit: str, query: str
) -> None:
    selectors = re.findall(r"\b([a-z]+)_\w+\{([^}]*)\}", query)

    # None without braces, too.
    assert len(selectors) == len(re.findall(r"\b(?:millstream|process)_\w+", query)) > 0
    for owner, labels in selectors:
        assert 'namespace=~"$namespace"' in labels
        # Of these, a Prometheus of a cluster has hundreds.
        assert owner == "millstream" or 'job=~"millstream-.+"' in labels


def test_where_there_are_no_namespaces_all_is_what_has_none() -> None:
    _, variable = DASHBOARD["templating"]["list"]

    assert variable["query"]["query"] == 'label_values(up{job=~"millstream-.+"}, namespace)'
    assert variable["current"]["value"] == ["$__all"]
    assert variable["includeAll"]
    assert re.fullmatch(variable["allValue"], "")


def test_an_alert_of_no_namespace_is_shown_whatever_is_chosen() -> None:
    (alerts,) = DASHBOARD["annotations"]["list"]

    (pattern,) = re.findall(r'namespace=~"([^"]*)"', alerts["expr"])
    chosen = re.compile(pattern.replace("$namespace", "one"))
    assert [one for one in ("", "one", "two") if chosen.fullmatch(one)] == ["", "one"]


def test_panels_do_not_lie_on_each_other_and_titles_tell_them_apart() -> None:
    taken = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]

    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)
