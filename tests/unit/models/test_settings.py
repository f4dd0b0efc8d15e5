import pytest
from pydantic import ValidationError

from millstream_models.settings import Settings


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
