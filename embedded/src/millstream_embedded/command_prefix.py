"""The words before a command that say as whom it runs, and what ends it."""

import os
import pwd
import shutil
import stat
from functools import cache
from pathlib import Path

from millstream_embedded.errors import CannotRun

_UNPRIVILEGED = "nobody"


def ends_with_parent(signal_name: str) -> list[str]:
    """Let the kernel send this signal when the supervisor dies, so that no part is left over."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", signal_name] if setpriv else []


def without_root(program: Path, directory: Path, *, signal_name: str | None = None) -> list[str]:
    """Let a program that refuses root run as nobody, with `directory` (made here) as its own.

    The places on the way to both may be closed to others, as /root is. We leave their modes
    alone: only then the program may pass by permissions.
    """
    if os.geteuid() != 0:
        return ends_with_parent(signal_name) if signal_name else []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise CannotRun(
            f"{program.name} does not run as root, and setpriv is missing:"
            " apt-get install util-linux, or start as another user"
        )
    user = unprivileged_user()
    words = [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    if not (_open_to_others(program) and _open_to_others(directory.parent)):
        words += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        # without it access(2), by which initdb looks for its programs, leaves that right aside
        words += ["--securebits=+no_setuid_fixup"]
    return [*words, *(["--pdeathsig", signal_name] if signal_name else [])]


@cache
def unprivileged_user() -> pwd.struct_passwd:
    """Return the user without rights; raise CannotRun when the system has none."""
    try:
        return pwd.getpwnam(_UNPRIVILEGED)
    except KeyError:
        raise CannotRun(f"this system has no user {_UNPRIVILEGED}: start as another user") from None


def _open_to_others(path: Path) -> bool:
    return all(place.stat().st_mode & stat.S_IXOTH for place in (path, *path.parents))
