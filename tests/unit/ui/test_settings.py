"""The page's settings."""

import pytest
from pydantic import ValidationError

from millstream_ui.settings import Settings


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MILLSTREAM_{name.upper()}", raising=False)


def test_the_page_is_served_on_the_loopback_by_default() -> None:
    settings = Settings()

    assert (settings.ui_host, settings.ui_port) == ("127.0.0.1", 8050)


def test_the_browser_uses_the_servers_api_unless_told_otherwise() -> None:
    assert Settings(api_url="http://api:8000/").browser_api_url == "http://api:8000"
    told = Settings(api_url="http://api:8000", public_api_url="https://example.org/chat/")
    assert told.browser_api_url == "https://example.org/chat"
    assert told.browser_api_origin == "https://example.org"


def test_one_origin_for_page_and_api_needs_no_address() -> None:
    settings = Settings(public_api_url="/")

    assert (settings.browser_api_url, settings.browser_api_origin) == ("", "")


def test_suggestions_are_separated_by_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLSTREAM_UI_SUGGESTIONS", "What is a lease? | Who wins?|")

    assert Settings().ui_suggestions == ("What is a lease?", "Who wins?")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MILLSTREAM_UI_PORT", "0"),
        ("MILLSTREAM_UI_PORT", "http"),
        ("MILLSTREAM_UI_THREADS", "0"),
        ("MILLSTREAM_API_URL", "localhost:8000"),
        ("MILLSTREAM_API_URL", "ftp://example.org"),
        ("MILLSTREAM_PUBLIC_API_URL", "https://example.org; script-src *"),
        ("MILLSTREAM_PUBLIC_API_URL", "https://example.org?x=1"),
        ("MILLSTREAM_UI_TITLE", ""),
    ],
)
def test_a_wrong_value_names_its_setting(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError) as raised:
        Settings()

    assert [f"MILLSTREAM_{str(error['loc'][0]).upper()}" for error in raised.value.errors()] == [
        name
    ]


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
