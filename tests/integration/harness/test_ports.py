"""A port that a test was given is still free when its server binds it, seconds later."""

import subprocess
import sys
from pathlib import Path

from tests.harness.ports import free_port, reserved
from tests.harness.processes import ROOT

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_no_other_test_process_is_given_a_port_that_this_one_has() -> None:
    port = free_port()
    program = f"from tests.harness.ports import reserved; print(reserved({port}))"

    other = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert other.stdout.strip() == "None"


def test_nor_is_it_given_again_here() -> None:
    ports = [free_port() for _ in range(50)]

    assert len(set(ports)) == len(ports)
    assert [reserved(port) for port in ports] == [None] * len(ports)


def test_no_connection_that_goes_out_is_given_it() -> None:
    least = int(_RANGE.read_text().split()[0])

    assert all(free_port() < least for _ in range(50))
