"""What the report says of records and samples."""

from pathlib import Path

from bench.load.findings import knee, pattern_figures
from bench.load.patterns import Pattern
from bench.load.record import Record
from bench.load.report import results_of, write_report
from bench.load.running import Run
from bench.load.watch import Heard, Sample


def record(asked_at: float, response_id: str = "resp_1", wait: float = 0.5) -> Record:
    """An answer of 3 tokens, each 10 ms on its way."""
    times = [asked_at + wait, asked_at + wait + 0.05, asked_at + wait + 0.1]
    return Record(
        kind="asker",
        asked_at=asked_at,
        response_id=response_id,
        accepted_at=asked_at + 0.1,
        first_token_at=times[0],
        ended_at=times[-1],
        tokens=3,
        token_times=times,
        delays_ms=[10.0, 10.0, 10.0],
        first_token_number=7,
    )


def run(*records: Record, heard: tuple[Heard, ...] = (), shape: str = "ramp") -> Run:
    pattern = Pattern(
        "ramp",
        "",
        ("Asker",),
        0,
        0,
        shape="ramp" if shape == "ramp" else None,
        steps=(1, 2),
        step_seconds=4.0,
    )
    samples = [
        Sample(second + 0.6, {"api": 0.25, "worker-1": 0.5}, 1.0, {"api": 80}, 0, 1)
        for second in range(9)
    ]
    return Run(pattern, 0.0, 9.0, 0.1, list(records), samples, list(heard))


def test_a_step_counts_the_answers_that_were_asked_in_it() -> None:
    figures = pattern_figures(run(record(0), record(2.5), record(6.5, wait=1.5)), 20)

    first, second = figures["steps"]
    assert first["first_token_ms"]["n"] == 1
    assert first["first_token_ms"]["p50"] == 500
    assert second["first_token_ms"]["p50"] == 1500
    assert first["cores"] == {"api": 0.25, "worker-1": 0.5}
    assert first["other_cores"] == 0.25
    assert knee(figures["steps"]) is not None


def test_a_way_is_parted_at_the_moment_of_publishing() -> None:
    seen = record(2.5)
    heard = tuple(Heard("resp_1", 7 + n, 1, at - 0.004) for n, at in enumerate(seen.token_times))

    figures = pattern_figures(run(record(0, "resp_0"), seen, heard=heard), 20)

    assert figures["to_viewer_ms"]["p50"] == 4
    assert figures["to_publish_ms"]["p50"] == 6


def test_broken_promises_are_counted_and_named() -> None:
    broken = record(0)
    broken.lost, broken.doubled, broken.wrong, broken.hung = 2, 1, ["it is wrong"], True

    figures = pattern_figures(run(broken, record(1)), 20)

    counted = [figures[kind] for kind in ("lost", "doubled", "wrong", "hung")]
    assert counted == [2, 1, 1, 1]
    assert figures["problems"] == ["it is wrong"]


def test_a_report_keeps_the_patterns_that_were_not_made_anew(tmp_path: Path) -> None:
    old = results_of([run(record(0))], 20, "make loadtest", {})["patterns"]
    steady = {**old[0], "name": "steady", "answers": 77}

    results = results_of([run(record(0))], 20, "make loadtest", {}, [steady, *old])
    page = write_report(results, tmp_path).read_text()

    assert [one["name"] for one in results["patterns"]] == ["steady", "ramp"]
    assert results["patterns"][0]["answers"] == 77
    assert "steady" in page
