"""A process that ends lets kept connections go that carry no request, and cuts off nobody else."""

import select
from collections.abc import Iterator

import gevent
import pytest
from gevent import socket

from millstream_api.kept_connections import KeptConnections

_LONG = 3600.0


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    # Of TCP, as the API's are: ends of another kind forget what has come when they hear no more.
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        theirs = socket.create_connection(door.getsockname())
        ours, _ = door.accept()
    with ours, theirs:
        yield ours, theirs


def _patience(seconds: float) -> gevent.Timeout:
    return gevent.Timeout(seconds, False)  # type: ignore[arg-type]  # it ends its block silently


def _wait_until_it_has_come(ours: socket.socket) -> None:
    """Wait for something to read, and let no greenlet go on meanwhile that would read it."""
    assert select.select([ours.fileno()], [], [], 10)[0]


class _Server:
    """Serves one connection as gunicorn does: waits for a request, and answers it."""

    def __init__(self, kept: KeptConnections, connection: socket.socket) -> None:
        self._kept = kept
        self._connection = connection
        self.greenlet = gevent.spawn(self._serve)

    def _serve(self) -> None:
        with self._kept.serving(self._connection):
            while self._answer_one():
                continue

    def _answer_one(self) -> bool:
        request = b""
        with self._kept.waiting(_patience(_LONG)):
            request = self._connection.recv(100)
        if request:
            self._connection.sendall(b"answer to " + request)
        return bool(request)


def test_who_was_answered_and_asks_nothing_is_let_go_at_once(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    # Given a connection that has carried a request, and may be kept for an hour
    kept, (ours, theirs) = KeptConnections(), pair
    server = _Server(kept, ours)
    theirs.sendall(b"one")
    assert theirs.recv(100) == b"answer to one"

    # When the process ends
    kept.let_go()

    # Then nobody waits on it any more
    server.greenlet.join()


def test_a_request_that_has_come_already_is_answered(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    kept, (ours, theirs) = KeptConnections(), pair
    server = _Server(kept, ours)
    theirs.sendall(b"one")
    assert theirs.recv(100) == b"answer to one"

    theirs.sendall(b"two")
    _wait_until_it_has_come(ours)
    kept.let_go()

    assert theirs.recv(100) == b"answer to two"
    server.greenlet.join()


def test_a_connection_whose_first_request_is_on_its_way_is_not_cut_off(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    kept, (ours, theirs) = KeptConnections(), pair
    server = _Server(kept, ours)
    gevent.sleep(0)

    kept.let_go()
    theirs.sendall(b"one")

    assert theirs.recv(100) == b"answer to one"
    server.greenlet.join()


def test_it_ends_by_itself_when_nothing_comes_in_time(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    kept, heard = KeptConnections(), b""

    with kept.serving(pair[0]), kept.waiting(_patience(0.01)):
        heard = pair[0].recv(100)

    assert heard == b""
