"""The API's log lines, and gunicorn's among them."""

import logging
import sys
from typing import Final

from gunicorn.config import Config
from gunicorn.glogging import Logger

from millstream_contract.log_lines import JsonLines, LogFormat, set_up_log_lines

_TEXT: Final = "%(levelname)s %(name)s: %(message)s"


class JsonServerLog(Logger):
    """gunicorn's own log, as JSON lines: it keeps handlers of its own."""

    def setup(self, cfg: Config) -> None:
        """Arrange the handlers."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonLines())


def set_up_logging(format_: LogFormat) -> None:
    """Print all log lines of the process to stderr."""
    set_up_log_lines(logging.INFO, format_, _TEXT, sys.stderr)
