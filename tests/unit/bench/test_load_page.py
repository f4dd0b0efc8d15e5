import json
from pathlib import Path

from bench.load.report import with_summary

FOLDER = Path(__file__).parents[3] / "docs" / "bench" / "load"
RESULTS = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))


def test_the_page_has_the_figures_of_the_results() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")

    assert page.count("<!-- table:") == 2
    assert with_summary(page, RESULTS) == page


def test_the_committed_run_lost_and_doubled_nothing_in_any_pattern() -> None:
    names = [one["name"] for one in RESULTS["patterns"]]

    assert names == ["steady", "ramp", "burst", "mobile", "slow", "viewers"]
    for one in RESULTS["patterns"]:
        assert [one[kind] for kind in ("lost", "doubled", "wrong", "hung")] == [0, 0, 0, 0]


def test_the_report_is_small_enough_to_be_kept_with_the_source() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 1_000_000
