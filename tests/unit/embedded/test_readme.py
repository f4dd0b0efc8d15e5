from pathlib import Path

from millstream_embedded.settings import EmbeddedSettings

README = Path(__file__).parents[3] / "embedded/README.md"


def test_every_setting_is_documented() -> None:
    text = README.read_text("utf-8")

    fields = EmbeddedSettings.model_fields.values()

    assert [field.alias for field in fields if f"`{field.alias}`" not in text] == []


def test_every_setting_says_what_it_is_for() -> None:
    assert all(field.description for field in EmbeddedSettings.model_fields.values())
