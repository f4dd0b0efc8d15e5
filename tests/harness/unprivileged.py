"""Running a program that refuses root."""

import os
import shutil
import subprocess
from pathlib import Path

_NOBODY = 65534
_DROP = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
# An environment below /root cannot be read by nobody: let it read, and nothing more.
_READ = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]


def unprivileged_prefix(program: Path) -> list[str]:
    """Give the words before a command line under which `program` runs without being root.

    Empty when we are not root. Raises RuntimeError when there is no way.
    """
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        raise RuntimeError(f"{program.name} refuses root, and setpriv (util-linux) is missing")
    for prefix in ([*_DROP, "--"], [*_DROP, *_READ, "--"]):
        tried = subprocess.run([*prefix, program, "--version"], capture_output=True, check=False)
        if tried.returncode == 0:
            return prefix
    raise RuntimeError(f"cannot run {program} without root: {tried.stderr.decode()}")


def give_away(directory: Path) -> None:
    """Make a directory belong to the user under whom `unprivileged_prefix` runs programs."""
    if os.geteuid() == 0:
        os.chown(directory, _NOBODY, _NOBODY)
