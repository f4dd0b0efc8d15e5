"""Serves the app under gunicorn: one process, a few threads, a clean stop on SIGTERM."""

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from millstream_ui.settings import Settings


class PageServer(BaseApplication):
    """Gunicorn around one WSGI application."""

    def __init__(self, server: Flask, settings: Settings) -> None:
        self._server = server
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        options: dict[str, Any] = {
            "bind": [_address(self._settings.ui_host, self._settings.ui_port)],
            "worker_class": "gthread",
            "workers": 1,
            "threads": self._settings.ui_threads,
            "graceful_timeout": self._settings.ui_drain_seconds,
            "proc_name": "millstream-ui",
            "loglevel": "warning",
            "control_socket_disable": True,
            "when_ready": _say_ready,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Return the application."""
        return self._server


def _say_ready(arbiter: Arbiter) -> None:
    host, port = arbiter.LISTENERS[0].sock.getsockname()[:2]
    print(f"ui listens on http://{host}:{port}", flush=True)  # noqa: T201


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
