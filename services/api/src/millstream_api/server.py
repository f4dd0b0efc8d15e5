"""gunicorn with its gevent worker, configured by our settings."""

from typing import Any

import gevent
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from millstream_api.app import create_app
from millstream_api.http_worker import HttpWorker
from millstream_api.native_threads import start_native_threads
from millstream_api.observing.log_lines import JsonServerLog
from millstream_api.observing.sharing import begin_sharing, leave_sharing
from millstream_api.open_files import Room
from millstream_api.services import Services
from millstream_api.settings import Settings

# How soon streams learn of a SIGTERM.
_LOOK_SECONDS = 0.1


class Server(BaseApplication):
    """Serves the API. Services are made in the worker: no client may cross a fork."""

    def __init__(self, settings: Settings, room: Room) -> None:
        """Serve with these settings, as many streams and requests as there is room for."""
        self._settings = settings
        self._room = room
        self._services: Services | None = None
        super().__init__()

    def load_config(self) -> None:
        """Give gunicorn its configuration."""
        for name, value in self._configuration().items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Return the WSGI application; gunicorn calls this in the worker."""
        start_native_threads()
        self._services = Services.start(self._settings, most_streams=self._room.streams)
        return create_app(self._services)

    def _configuration(self) -> dict[str, Any]:
        settings = self._settings
        return {
            "bind": f"{settings.api_host}:{settings.api_port}",
            "worker_class": HttpWorker,
            "workers": 1,
            # Each is a greenlet while its request is answered; a stream is none any more.
            "worker_connections": self._room.requests,
            "graceful_timeout": settings.drain_seconds,
            "timeout": 30,
            "keepalive": 5,
            "proc_name": "millstream-api",
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            **({"logger_class": JsonServerLog} if settings.log_format == "json" else {}),
            "control_socket_disable": True,
            # Who connects is who connects: no header may say otherwise, nor one with an underscore
            # pass for one with a hyphen.
            "forwarded_allow_ips": "",
            "header_map": "drop",
            "when_ready": self._say_ready,
            "post_worker_init": self._drain_on_stop,
            "worker_exit": self._stop_services,
            "child_exit": _leave_sharing,
        }

    def _say_ready(self, arbiter: Arbiter) -> None:
        begin_sharing()
        host, port = arbiter.LISTENERS[0].sock.getsockname()[:2]
        print(f"api listens on http://{host}:{port}", flush=True)  # noqa: T201

    def _drain_on_stop(self, worker: HttpWorker) -> None:
        # gunicorn waits for open requests but tells nobody that it does; a stream would never end.
        gevent.spawn(self._watch, worker)

    def _watch(self, worker: HttpWorker) -> None:
        while worker.alive:
            gevent.sleep(_LOOK_SECONDS)
        worker.kept.let_go()
        if self._services is not None:
            self._services.hub.drain()

    def _stop_services(self, _: Arbiter, __: Worker) -> None:
        if self._services is not None:
            self._services.stop()
        print("api stopped", flush=True)  # noqa: T201


def _leave_sharing(_: Arbiter, worker: Worker) -> None:
    # Its type says str; it is what fork() returned.
    leave_sharing(int(worker.pid))
