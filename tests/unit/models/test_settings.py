from pathlib import Path

import pytest
from pydantic import ValidationError

from millstream_models.settings import Settings

README = Path(__file__).parents[3] / "services" / "models" / "README.md"


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_is_in_the_readme(name: str) -> None:
    assert f"`{name.upper()}`" in README.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_explains_itself(name: str) -> None:
    assert Settings.model_fields[name].description


def test_settings_come_from_the_environment_and_do_not_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MILLSTREAM_MODELS_LLAMA_SLOTS", "7")
    settings = Settings()

    assert settings.llama_slots == 7
    with pytest.raises(ValidationError):
        settings.llama_slots = 8
