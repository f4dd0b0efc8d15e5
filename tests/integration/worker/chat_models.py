"""The worker's chat model by itself, without queue, ledger and log."""

import pytest

from millstream_worker.answering.chat import ChatModel
from millstream_worker.settings import AnswerSettings
from millstream_worker.workspace import open_workspace


def chat_model_at(url: str, monkeypatch: pytest.MonkeyPatch) -> ChatModel:
    """Give the model as a worker makes it whose workspace is at ``url``."""
    variables = {
        "DATABRICKS_HOST": url,
        "DATABRICKS_TOKEN": "token",
        "DATABASE_URL": "postgresql://unused",
        "REDIS_URL": "redis://unused",
        "MILLSTREAM_CHAT_ENDPOINT": "chat",
        "MILLSTREAM_EMBEDDINGS_ENDPOINT": "embeddings",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = AnswerSettings()  # type: ignore[call-arg]  # they come from the environment
    return ChatModel(open_workspace(timeout_seconds=5, connections=1), settings)
