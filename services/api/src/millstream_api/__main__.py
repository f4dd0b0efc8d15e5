"""``python -m millstream_api``: serve the API."""

# First of all, so that every module sees gevent's sockets and locks.
from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402

from pydantic import ValidationError  # noqa: E402

from millstream_api.observing.log_lines import set_up_logging  # noqa: E402
from millstream_api.open_files import TooFewFiles, make_room  # noqa: E402
from millstream_api.server import Server  # noqa: E402
from millstream_api.settings import Settings  # noqa: E402
from millstream_contract.settings_errors import explain  # noqa: E402
from millstream_contract.tracing import traces_are_on  # noqa: E402


def main() -> None:
    """Read the settings and serve until SIGTERM."""
    try:
        settings = Settings()  # type: ignore[call-arg]  # they come from the environment
        traces_are_on()
    except ValidationError as error:
        sys.exit(explain(error))
    except ValueError as error:
        sys.exit(str(error))
    set_up_logging(settings.log_format)
    try:
        is_wish = "max_streams" in settings.model_fields_set
        room = make_room(settings.max_streams, is_wish=is_wish)
    except TooFewFiles as error:
        sys.exit(str(error))
    Server(settings, room).run()


if __name__ == "__main__":
    main()
