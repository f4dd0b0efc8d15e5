"""Celery, configured for jobs that may run long, in a process that may die at any moment.

Messages carry ids only. What a lost message or a dead worker means is decided by the ledger and
the leases, never by Celery's redelivery.
"""

from collections.abc import Callable
from typing import Any, Final

from celery import Celery
from kombu import Connection

from millstream_contract.broker_tls import broker_tls
from millstream_contract.jobs import SHARED_CELERY_SETTINGS
from millstream_worker import queue_transport

_SETTINGS: Final[dict[str, Any]] = {
    **SHARED_CELERY_SETTINGS,
    # A message is gone when its job is done, not when it begins: a killed worker's come again.
    "task_acks_late": True,
    # ... but not at once by Celery's own guess that a child was killed; threads have no children.
    "task_reject_on_worker_lost": False,
    # One message per free thread. More would wait behind a long answer while another worker is
    # idle; worker_disable_prefetch leaves freed threads empty for a second.
    "worker_prefetch_multiplier": 1,
    # Remote control, with acks_late and a Redis restart, crashed workers with running tasks (8/8).
    "worker_enable_remote_control": False,
    # Nobody listens to these: our own events go through the token log.
    "worker_send_task_events": False,
    # Running answers go on while Redis is away: the log writer keeps their frames.
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    # Redis may be away for longer than any number of tries, also when the worker starts.
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    # An error reply (a primary that became a replica, a full memory) is an outage, too: without
    # this it ends the process.
    "broker_channel_error_retry": True,
    # Our own log lines, on our own stream.
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
}

_TRANSPORT: Final[dict[str, Any]] = {
    # Not renewed while a task runs: a short one runs long answers twice. Recovery is by leases.
    "visibility_timeout": 3600,
    # With fewer, tasks that end together wait for a connection to acknowledge by.
    "max_connections": 200,
    # Without these a call to a Redis that hangs blocks for ever.
    "socket_timeout": 10,
    "socket_connect_timeout": 3,
    "socket_keepalive": True,
    # A connection that died while idle is noticed before it is used.
    "health_check_interval": 10,
}


class PromptConnection(Connection):
    """A connection to the broker that is back within a second of Redis' return.

    kombu's own waits grow by 2 s to 30 s: so long would a worker sit idle behind an outage.
    """

    def ensure_connection(self, *arguments: Any, **settings: Any) -> Any:
        """Connect, trying again as often as it takes."""
        waits = {"interval_start": 0.2, "interval_step": 0.2, "interval_max": 1.0}
        given = settings.pop("callback", None)

        def at_each_try() -> None:
            self.still_trying()
            if given is not None:
                given()

        return super().ensure_connection(
            *arguments, **{**waits, **settings, "callback": at_each_try}
        )

    @staticmethod
    def still_trying() -> None:
        """Told at each try: the loop that waits here is alive."""


def celery_app(redis_url: str, still_trying: Callable[[], None] = lambda: None) -> Celery:
    """Return an app that talks to the queue at ``redis_url``; it connects when first used.

    ``millstream ingest`` sends jobs by it, too: ``send_task(job.task, job.arguments(),
    queue=job.queue)``. still_trying: called while it waits for a broker that is away.
    """
    app = Celery("millstream", broker=redis_url, set_as_current=False)
    app.conf.update(
        _SETTINGS,
        broker_transport=f"{queue_transport.__name__}:{queue_transport.HealingTransport.__name__}",
        broker_transport_options=_TRANSPORT,
        broker_use_ssl=broker_tls(redis_url),
    )
    app.amqp.Connection = type(
        "PromptConnection", (PromptConnection,), {"still_trying": staticmethod(still_trying)}
    )
    return app
