"""The users of the load test, for `locust -f bench/load/locustfile.py` (see docs/bench/load)."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from locust import events
from locust.env import Environment

from bench.load.generator import Generator
from bench.load.options import add_arguments
from bench.load.users import Asker, Host, MobileAsker, SlowAsker, Viewer

__all__ = ["Asker", "Host", "MobileAsker", "SlowAsker", "Viewer"]


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def _add_arguments(parser: Any, **_: Any) -> None:
    add_arguments(parser)


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def _begin(environment: Environment, **_: Any) -> None:
    environment.millstream_generator = Generator.of(environment)  # type: ignore[attr-defined]
