"""``make bench``: measure, print the figures, and keep them under docs/bench/.

It starts everything it measures on this machine, and takes some two minutes.
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

from bench import first_token, viewers
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
    parser.add_argument("--viewers", type=int, default=200, help="open viewers")
    parser.add_argument("--out", type=Path, default=_RESULTS, help="where the figures go (JSON)")
    options = parser.parse_args()
    with running_product() as stack:
        os.environ.update(stack.backends.settings())
        in_process = InProcess(AnswerSettings())  # type: ignore[call-arg]  # from the environment
        results = {
            "made": _circumstances(),
            "first_token": first_token.measure(stack, in_process, options.answers),
            "viewers": viewers.measure(stack, options.viewers),
        }
        in_process.close()
    text = json.dumps(results, indent=2)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")


@contextmanager
def running_product() -> Iterator[Stack]:
    """Start everything that is measured, around the scripted model."""
    with ExitStack() as ends:
        postgres = ends.enter_context(PostgresServer())
        valkey = ends.enter_context(ValkeyServer())
        model = ends.enter_context(ScriptedModel.start())
        database_url = postgres.url(postgres.create_database())
        migrate(database_url)
        load_corpus(database_url)
        yield ends.enter_context(running_stack(Backends(database_url, valkey.url(), model)))


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
