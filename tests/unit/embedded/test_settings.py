import os

import pytest

from millstream_embedded.errors import CannotRun
from millstream_embedded.settings import read_settings

OURS = ("MILLSTREAM_", "DATABRICKS_", "DATABASE_URL", "REDIS_URL")


@pytest.fixture(autouse=True)
def _no_settings_of_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(OURS):
            monkeypatch.delenv(name)


def test_nothing_has_to_be_set() -> None:
    settings = read_settings()

    assert (settings.ui_port, settings.api_port, settings.workers) == (8050, 8000, 1)
    assert not any([settings.database_url, settings.redis_url, settings.databricks_host])


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("MILLSTREAM_UI_PORT", "")

    settings = read_settings()

    assert settings.database_url is None
    assert settings.ui_port == 8050


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MILLSTREAM_UI_PORT", "eighty"),
        ("MILLSTREAM_API_PORT", "65536"),
        ("MILLSTREAM_WORKERS", "0"),
        ("MILLSTREAM_START_TIMEOUT_SECONDS", "-1"),
        ("MILLSTREAM_DEMO_CORPUS", "perhaps"),
    ],
)
def test_a_wrong_value_stops_the_start_and_names_itself(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(CannotRun, match=f"{name}='{value}'"):
        read_settings()


def test_every_wrong_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLSTREAM_UI_PORT", "x")
    monkeypatch.setenv("MILLSTREAM_WORKERS", "y")

    with pytest.raises(CannotRun) as raised:
        read_settings()

    assert "MILLSTREAM_UI_PORT" in str(raised.value)
    assert "MILLSTREAM_WORKERS" in str(raised.value)


def test_two_parts_do_not_share_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLSTREAM_UI_PORT", "8000")

    with pytest.raises(CannotRun, match="two of the ports are the same"):
        read_settings()


@pytest.mark.parametrize(
    "given", [{}, {"MILLSTREAM_CHAT_ENDPOINT": "c"}, {"MILLSTREAM_EMBEDDINGS_ENDPOINT": "e"}]
)
def test_a_workspace_without_endpoint_names_is_refused(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    monkeypatch.setenv("DATABRICKS_HOST", "https://workspace.example")
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(CannotRun, match=r"MILLSTREAM_CHAT_ENDPOINT and MILLSTREAM_EMBEDDINGS_"):
        read_settings()


def test_a_secret_is_not_shown_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hush@127.0.0.1/x")

    assert "hush" not in repr(read_settings())
