"""Figures of several processes that serve one address, by files, in the way of prometheus_client.

``PROMETHEUS_MULTIPROC_DIR`` names the directory, and must be set before a process starts, for the
library decides at its import.
"""

import logging
import os
import struct
from pathlib import Path
from typing import Final

from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import mark_process_dead

logger = logging.getLogger(__name__)

_DIRECTORY: Final = "PROMETHEUS_MULTIPROC_DIR"
_ADDED_UP: Final = ("counter", "histogram")
_ENDED: Final = "ended"


def shared_directory() -> Path | None:
    """Return where processes share their metrics, if they do."""
    path = os.environ.get(_DIRECTORY)
    return Path(path) if path else None


def begin_sharing() -> None:
    """Make the shared directory, without what an earlier run left; before any process serves."""
    directory = shared_directory()
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        for left in directory.glob("*.db"):
            left.unlink()


def leave_sharing(pid: int) -> None:
    """Forget what a process that has ended had open; what it counted stays.

    It stays in one file for all that have ended: a process that is restarted again and again must
    neither fill the directory nor make each scrape read more.
    """
    directory = shared_directory()
    if directory is not None:
        mark_process_dead(pid)  # type: ignore[no-untyped-call]
        for kind in _ADDED_UP:
            left = directory / f"{kind}_{pid}.db"
            if left.exists():
                _add_up(left, directory / f"{kind}_{_ENDED}.db")
                left.unlink()


def _add_up(left: Path, ended: Path) -> None:
    whole = MmapedDict(str(ended))  # type: ignore[no-untyped-call]
    try:
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(left)):  # type: ignore[no-untyped-call]
            whole.write_value(key, whole.read_value(key)[0] + value, 0.0)  # type: ignore[no-untyped-call]
    except (struct.error, RuntimeError) as error:
        # It was killed while it made the file. Left as it is, each scrape would stumble over it.
        logger.warning("figures of a process that has ended cannot be read: %s", error)
    finally:
        whole.close()  # type: ignore[no-untyped-call]
