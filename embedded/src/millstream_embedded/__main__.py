"""`python -m millstream_embedded`: everything on this machine, until Ctrl-C or SIGTERM."""

import sys
import time

from millstream_embedded.errors import CannotRun, StopRequested
from millstream_embedded.launcher import launch
from millstream_embedded.settings import read_settings
from millstream_embedded.stop_signals import StopSignals


def main() -> int:
    """Run until a stop is asked for (0) or something cannot go on (1)."""
    started = time.monotonic()
    signals = StopSignals()
    try:
        launch(read_settings(), signals, started)
    except StopRequested:
        return 0
    except CannotRun as error:
        sys.stderr.write(f"Millstream does not run: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
