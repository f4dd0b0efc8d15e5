"""``make bench``: measure, print the figures, and keep them under docs/bench/.

It starts everything it measures on this machine, and takes less than five minutes.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import answer_length, connections, enqueueing, first_token, plots, relay, token_cost
from bench.in_process import InProcess
from bench.scripted_model.client import ScriptedModel
from millstream_worker.settings import AnswerSettings
from tests.harness.corpus import load_corpus
from tests.harness.postgres import PostgresServer
from tests.harness.services import migrate
from tests.harness.stack import Backends, Stack, running_stack
from tests.harness.valkey import ValkeyServer

_RESULTS = Path(__file__).parent.parent / "docs" / "bench" / "results.json"


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--answers", type=int, default=50, help="answers measured on each path")
    parser.add_argument("--viewers", type=int, default=2000, help="most open viewers")
    parser.add_argument("--out", type=Path, default=_RESULTS, help="where the figures go (JSON)")
    options = parser.parse_args()
    results: dict[str, Any] = {"made": _circumstances()}
    with running_product() as stack:
        os.environ.update(stack.backends.settings())
        in_process = InProcess(AnswerSettings())  # type: ignore[call-arg]  # from the environment
        results["first_token"] = first_token.measure(stack, in_process, options.answers)
        results["enqueueing"] = enqueueing.measure(stack, options.answers)
        results["token_cost"] = token_cost.measure(stack, in_process)
        results["answer_length"] = answer_length.measure(stack)
        results["connections"] = connections.measure(stack, min(200, options.viewers))
        in_process.close()
    with _backends() as backends:
        results["relay"] = relay.measure(backends, options.viewers)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    plots.draw(results, options.out.parent)
    text = json.dumps(results, indent=2)
    options.out.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")


@contextmanager
def running_product() -> Iterator[Stack]:
    """Start everything that is measured, around the scripted model."""
    with _backends() as backends, running_stack(backends) as stack:
        yield stack


@contextmanager
def _backends() -> Iterator[Backends]:
    with ExitStack() as ends:
        postgres = ends.enter_context(PostgresServer())
        valkey = ends.enter_context(ValkeyServer())
        model = ends.enter_context(ScriptedModel.start())
        database_url = postgres.url(postgres.create_database())
        migrate(database_url)
        load_corpus(database_url)
        yield Backends(database_url, valkey.url(), model)


def _circumstances() -> dict[str, Any]:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return {
        "command": "make bench",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip() or "unknown",
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


if __name__ == "__main__":
    main()
