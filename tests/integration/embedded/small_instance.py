"""`python -m tests.integration.embedded.small_instance`: PostgreSQL, Valkey and extra parts.

The launcher as it is, without the services, which take seconds to start. EXTRA_PARTS is a JSON
object: the name of each extra part, and the Python code that it runs. EXTRA_STOP_SECONDS: how long
each may take to stop.
"""

import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from millstream_embedded.command_prefix import ends_with_parent
from millstream_embedded.data_directory import DataDirectory
from millstream_embedded.errors import CannotRun
from millstream_embedded.instance import Instance, plan_instance
from millstream_embedded.launcher import launch
from millstream_embedded.parts import Part
from millstream_embedded.settings import EmbeddedSettings, read_settings
from millstream_embedded.stop_signals import StopSignals


def _plan(settings: EmbeddedSettings, data: DataDirectory) -> Instance:
    planned = plan_instance(settings, data)
    extra = json.loads(os.environ.get("EXTRA_PARTS", "{}"))
    services = [
        Part(
            name,
            [*ends_with_parent("TERM"), sys.executable, "-c", code],
            partial(_appears, data.root / f"{name}.ready"),
            stop_seconds=int(os.environ.get("EXTRA_STOP_SECONDS", "5")),
        )
        for name, code in extra.items()
    ]
    return dataclasses.replace(planned, services=services, background=[])


def _appears(file: Path) -> Callable[[], bool]:
    file.unlink(missing_ok=True)
    return file.exists


def main() -> int:
    try:
        launch(read_settings(), StopSignals(), time.monotonic(), _plan)
    except CannotRun as error:
        sys.stderr.write(f"Millstream does not run: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
