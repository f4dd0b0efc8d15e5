"""Health check of an image: ``probe.py PORT PATH`` ends with 0 when it is answered with 200.

By a bare socket, since it is started every few seconds: importing an HTTP client would cost more
than the rest of it.
"""

import socket
import sys

_TIMEOUT_SECONDS = 4.0


def answers_ok(port: int, path: str) -> bool:
    """Whether this process' own host answers 200 at this port and path."""
    request = f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode()
    try:
        with socket.create_connection(("127.0.0.1", port), _TIMEOUT_SECONDS) as connection:
            connection.sendall(request)
            status_line = connection.makefile("rb").readline()
    except OSError:
        return False
    return status_line.split(b" ")[1:2] == [b"200"]


if __name__ == "__main__":
    sys.exit(0 if answers_ok(int(sys.argv[1]), sys.argv[2]) else 1)
