"""A transport that gives each request to the model a connection pool of its own.

The pool of httpx is guarded by one lock that is not re-entrant, and a stream that was left in the
middle takes it when it is closed. Garbage collection may close such a stream (an exception's frames
hold on to it) at any allocation: also in a thread that holds the lock just then, which then waits
for itself, and all others for it. A pool for each request has a lock for each request, and what is
collected is never the request that is being made. Connections are not shared in any case: each
request closes its own (see model_connection).
"""

import httpx


class LoneConnections(httpx.BaseTransport):
    """Sends each request over a new connection. Safe to share between threads."""

    def __init__(self) -> None:
        """Read the trusted certificates, once."""
        self._tls = httpx.create_ssl_context()
        self._limits = httpx.Limits(max_connections=1, max_keepalive_connections=0)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the response's stream owns the connection."""
        transport = httpx.HTTPTransport(verify=self._tls, limits=self._limits)
        return transport.handle_request(request)
