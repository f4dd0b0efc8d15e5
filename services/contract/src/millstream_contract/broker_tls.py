"""TLS to the broker. kombu reads it from the scheme of a URL only with its own transports."""

from typing import Any
from urllib.parse import urlsplit

from redis.connection import parse_url


def broker_tls(redis_url: str) -> dict[str, Any] | None:
    """Return Celery's ``broker_use_ssl`` for a REDIS_URL; None without TLS.

    The server's certificate is checked, as redis-py does by default (kombu does not), unless the
    URL says otherwise: ``rediss://...?ssl_ca_certs=/path/of/ca.pem``, or any other ``ssl_...`` of
    redis-py.
    """
    if urlsplit(redis_url).scheme != "rediss":
        return None
    told = parse_url(redis_url)  # type: ignore[no-untyped-call]
    return {
        "ssl_cert_reqs": "required",
        **{name: value for name, value in told.items() if name.startswith("ssl_")},
    }
