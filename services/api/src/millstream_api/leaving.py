"""Without ``background``, a client that goes away stops its answer.

It is written down in the ledger, so the wish outlives this process. An answer whose stream ends
because this process does goes on: its client comes back elsewhere.

Only the request that an answer was accepted for stops it so. A repeat (idempotency key) that goes
away stops nothing: the first one may still be read, by a connection of another process.
"""

import logging
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import gevent
from gevent.socket import wait_read

from millstream_api.cancelling import Canceller
from millstream_api.relay import OnClose, StreamEnd
from millstream_contract.errors import ContractError, NotFound
from millstream_contract.ledger.rows import Accepted

logger = logging.getLogger(__name__)

_TRIES: Final = 30
_PAUSE_SECONDS: Final = 1.0


def stopping_when_left(canceller: Canceller, accepted: Accepted) -> OnClose | None:
    """Return what is to be called when the stream of an answer ends; None for a repeat's."""
    return partial(_stop_if_left, canceller, accepted.row.owner) if accepted.is_new else None


@contextmanager
def stopping_if_left_meanwhile(
    environ: Mapping[str, Any], canceller: Canceller, accepted: Accepted
) -> Iterator[None]:
    """Stop an answer if its client closes the connection meanwhile; unless it only repeats.

    Only a server that shows the connection can be asked for that.
    """
    connection = environ.get("gunicorn.socket")
    # What TLS has for us does not show on its socket.
    if not accepted.is_new or type(connection) is not gevent.socket.socket:
        yield
        return
    left = partial(stop, canceller, accepted.row.owner, accepted.row.id)
    watch = gevent.spawn(_watch, connection, left)
    try:
        yield
    finally:
        watch.kill()


def stop(canceller: Canceller, owner: str, response_id: str) -> None:
    """Stop an answer that nobody waits for any more; outages are waited out for a while."""
    for _ in range(_TRIES):
        try:
            canceller.ask(response_id, owner)
        except NotFound:
            return
        except ContractError as error:
            logger.warning("%s: cannot be stopped yet: %s", response_id, error)
            gevent.sleep(_PAUSE_SECONDS)
        else:
            logger.info("%s: stopped, its client has gone", response_id)
            return


def _stop_if_left(canceller: Canceller, owner: str, response_id: str, end: StreamEnd) -> None:
    if end is StreamEnd.CLIENT_CLOSED:
        stop(canceller, owner, response_id)


def _watch(connection: Any, left: Callable[[], None]) -> None:
    wait_read(connection.fileno())
    try:
        # More of a request is no sign of leaving; an end is.
        is_open = bool(connection.recv(1, socket.MSG_PEEK))
    except OSError:
        is_open = False
    if not is_open:
        gevent.spawn(left)
