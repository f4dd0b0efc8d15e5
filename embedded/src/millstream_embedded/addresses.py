"""Where everything of one instance is, and how the parts get to know it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from millstream_embedded.ports import LOOPBACK
from millstream_embedded.settings import EmbeddedSettings


@dataclass(frozen=True)
class Addresses:
    """The servers of one instance, given or started here."""

    database_url: str
    redis_url: str
    databricks: Mapping[str, str]
    """DATABRICKS_HOST and what proves to it who we are."""
    chat_endpoint: str
    embeddings_endpoint: str
    api_port: int
    ui_port: int
    models_port: int

    @property
    def api_url(self) -> str:
        """The API, as this machine reaches it."""
        return f"http://{LOOPBACK}:{self.api_port}"

    @property
    def ui_url(self) -> str:
        """The page."""
        return f"http://{LOOPBACK}:{self.ui_port}"

    def connection(self) -> dict[str, str]:
        """Return what a client on this machine needs, by environment variable."""
        return {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            **self.databricks,
            "MILLSTREAM_CHAT_ENDPOINT": self.chat_endpoint,
            "MILLSTREAM_EMBEDDINGS_ENDPOINT": self.embeddings_endpoint,
            "MILLSTREAM_API_URL": self.api_url,
        }

    def connection_file(self) -> str:
        """Return the same as lines `NAME=value`; the value is the rest of the line, as it is."""
        return "".join(f"{name}={value}\n" for name, value in self.connection().items())

    def environment(self) -> dict[str, str]:
        """Return the whole environment of the parts: ours over what the user's shell says."""
        origins = f"{self.ui_url},http://localhost:{self.ui_port}"
        inherited = {
            name: value
            for name, value in os.environ.items()
            # a profile or client id of the user's is for the user's workspace, not our models
            if not name.startswith("DATABRICKS_") or name in self.databricks
        }
        # without compiled files the import of the model clients takes twice as long, each time
        inherited.pop("PYTHONDONTWRITEBYTECODE", None)
        return {
            "MILLSTREAM_CORS_ORIGINS": origins,
            **inherited,
            **self.connection(),
            "MILLSTREAM_API_HOST": LOOPBACK,
            "MILLSTREAM_API_PORT": str(self.api_port),
            "MILLSTREAM_UI_HOST": LOOPBACK,
            "MILLSTREAM_UI_PORT": str(self.ui_port),
            "MILLSTREAM_MODELS_HOST": LOOPBACK,
            "MILLSTREAM_MODELS_PORT": str(self.models_port),
            "PYTHONUNBUFFERED": "1",
        }


def given_databricks(settings: EmbeddedSettings) -> dict[str, str]:
    """Return every variable of the Databricks SDK that is set: any authentication works."""
    return {
        **{name: value for name, value in os.environ.items() if name.startswith("DATABRICKS_")},
        "DATABRICKS_HOST": settings.databricks_host or "",
    }
