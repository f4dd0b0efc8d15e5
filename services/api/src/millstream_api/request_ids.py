"""Request ids: one for each request, in its answer and in the log lines about it."""

import re
import uuid
from contextlib import ExitStack
from typing import Final

from flask import Flask, Response, g, request

from millstream_contract.log_lines import lines_about

HEADER: Final = "X-Request-Id"

_SANE: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)


def number_requests(app: Flask) -> None:
    """Give each request of ``app`` an id: the client's, when it is a sane one."""

    def begin() -> None:
        given = request.headers.get(HEADER, "")
        g.request_id = given if _SANE.fullmatch(given) else uuid.uuid4().hex
        g.log_lines = ExitStack()
        g.log_lines.enter_context(lines_about(request_id=g.request_id))

    def tell(response: Response) -> Response:
        if "request_id" in g:
            response.headers[HEADER] = g.request_id
        return response

    def end(_: BaseException | None) -> None:
        if "log_lines" in g:
            g.log_lines.close()

    app.before_request(begin)
    app.after_request(tell)
    app.teardown_request(end)
