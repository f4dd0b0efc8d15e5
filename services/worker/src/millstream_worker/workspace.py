"""The client of a Databricks workspace, with limits that its own defaults lack."""

import os

from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config


def open_workspace(*, timeout_seconds: float, connections: int) -> WorkspaceClient:
    """Log in as the environment says; make it after fork.

    timeout_seconds: longest wait for the bytes of one reply.
    connections: kept to one host, so that as many threads may call side by side.
    Raises ValueError when the environment names no workspace.
    """
    return WorkspaceClient(
        config=Config(
            http_timeout_seconds=timeout_seconds,
            # By default the SDK goes on for 300 s while a host refuses connections.
            retry_timeout_seconds=5,
            max_connections_per_pool=connections,
            auth_type=_auth_type(),
        )
    )


def _auth_type() -> str | None:
    # A token beside an app's own client id is refused as ambiguous; who gives a token means it.
    if os.environ.get("DATABRICKS_TOKEN") and not os.environ.get("DATABRICKS_AUTH_TYPE"):
        return "pat"
    return os.environ.get("DATABRICKS_AUTH_TYPE")
