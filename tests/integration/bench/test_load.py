"""The load test itself: it passes a sound product, and sees what is wrong with a broken one."""

import json
import subprocess
import sys
import uuid
from dataclasses import replace
from pathlib import Path

from bench.load.asking import Asking
from bench.load.options import LoadOptions
from bench.load.questions import new_script
from bench.load.readers import MobileReader, PromptReader, Reader, SlowReader
from bench.load.record import Record
from bench.load.wire import Address
from bench.scripted_model.script import Script
from tests.harness.deadlines import scaled
from tests.harness.stack import Stack
from tests.integration.bench.broken_api import BrokenApi

ROOT = Path(__file__).parents[3]


def asked(
    url: str, script: Script, reader: Reader | None = None, model_url: str | None = None
) -> Record:
    """Ask one question, as a user of the load test does."""
    options = LoadOptions(20, script.tokens, model_url, None, scaled(30), None, (), 1)
    model = Address.of(model_url) if model_url else None
    return Asking(Address.of(url), model, options, script, reader or PromptReader()).run()


def test_an_answer_is_read_checked_and_timed(stack: Stack) -> None:
    script = new_script(30, 200, timed=True)

    record = asked(stack.api_url, script, model_url=stack.model.url)

    assert record.faultless, record
    assert record.status == "completed"
    assert record.tokens == len(record.delays_ms) == sum(map(bool, script.token_list))
    assert min(record.delays_ms) > 0
    times = [record.asked_at, record.accepted_at, record.first_token_at, record.ended_at]
    assert times == sorted(at for at in times if at is not None)


def test_a_reader_who_loses_the_connection_again_and_again_has_the_whole_answer(
    stack: Stack,
) -> None:
    gate = uuid.uuid4().hex

    class Restless(MobileReader):
        longest_seconds = 0.2
        longest_pause_seconds = 0.05

        def pause(self) -> None:
            # Before its first pause no answer is at its end.
            stack.model.open_gate(gate)
            super().pause()

    record = asked(stack.api_url, replace(new_script(60, 60), gate=(gate, 59)), Restless())

    assert record.faultless, record
    assert record.connections > 1


def test_a_reader_who_is_slower_than_the_answer_has_the_whole_answer(stack: Stack) -> None:
    script = new_script(200, 400, size=1500)

    record = asked(stack.api_url, script, SlowReader(slow_seconds=1.0))

    assert record.faultless, record


def test_a_token_that_is_left_out_is_seen() -> None:
    script = new_script(20, 0)
    with BrokenApi(script.text, leave_out=5) as url:
        record = asked(url, script)

    assert record.lost == 1
    assert not record.faultless


def test_a_token_that_is_sent_twice_is_seen() -> None:
    script = new_script(20, 0)
    with BrokenApi(script.text, repeat=5) as url:
        record = asked(url, script)

    assert record.doubled == 1


def test_a_stored_answer_that_is_not_the_one_that_was_streamed_is_seen() -> None:
    script = new_script(20, 0)
    with BrokenApi(script.text, stored_text="something else") as url:
        record = asked(url, script)

    assert record.wrong == ["the stored output is not the one that the stream ended with"]


def test_a_short_load_test_checks_every_viewing_and_writes_its_report(
    stack: Stack, tmp_path: Path
) -> None:
    argv = [sys.executable, "-m", "bench.load", "--short", "--patterns", "ramp,viewers"]
    argv += ["--host", stack.api_url, "--model-url", stack.model.url]
    argv += ["--redis-url", stack.backends.redis_url, "--out", str(tmp_path)]

    done = subprocess.run(
        argv, cwd=ROOT, capture_output=True, text=True, timeout=scaled(120), check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((tmp_path / "results.json").read_text())
    ramp, viewers = results["patterns"]
    assert ramp["viewings"] == ramp["answers"] > 0
    assert [step["users"] for step in ramp["steps"]] == [3, 6, 9]
    assert viewers["kinds"].keys() == {"asker", "viewer"}
    for counts in (ramp, viewers):
        kinds = ("lost", "doubled", "wrong", "hung")
        assert [counts[kind] for kind in kinds] == [0, 0, 0, 0]
    page = (tmp_path / "report.html").read_text()
    plots = {path.name for path in tmp_path.glob("*.png")}
    assert {"first_token.png", "delay.png", "throughput.png", "promises.png"} <= plots
    assert all(f'src="{name}"' in page for name in plots)
