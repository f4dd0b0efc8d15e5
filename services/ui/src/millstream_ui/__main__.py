"""`python -m millstream_ui`: the page's composition root."""

import sys

from pydantic import ValidationError

from millstream_ui.app import create_app
from millstream_ui.server import PageServer
from millstream_ui.settings import Settings


def main() -> None:
    """Read the settings and serve until stopped. Exits with status 2 on a wrong setting."""
    try:
        settings = Settings()
    except ValidationError as error:
        sys.exit(_explain(error))
    PageServer(create_app(settings).server, settings).run()


def _explain(error: ValidationError) -> str:
    lines = [
        f"MILLSTREAM_{str(problem['loc'][0]).upper()}: {problem['msg']}"
        for problem in error.errors()
    ]
    return "\n".join(["The page cannot start, because of its settings:", *lines])


if __name__ == "__main__":
    main()
