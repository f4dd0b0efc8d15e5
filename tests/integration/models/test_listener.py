import socket

from millstream_models.__main__ import listen
from millstream_models.settings import Settings


def test_a_small_answer_is_sent_at_once_on_every_connection() -> None:
    with (
        listen(Settings(port=0)) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as connection,
    ):
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
