"""Every setting of the API is documented."""

from pathlib import Path

from pydantic import AliasChoices

from millstream_api.settings import Settings

README = Path(__file__).parents[3] / "services" / "api" / "README.md"


def test_every_setting_is_documented_with_its_default_and_its_help() -> None:
    text = README.read_text(encoding="utf-8")

    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        variable = (
            alias.choices[0] if isinstance(alias, AliasChoices) else f"MILLSTREAM_{name.upper()}"
        )
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `{variable}` |")]
        assert field.description is not None
        assert field.description in row
        if not field.is_required() and not isinstance(field.default, tuple):
            assert f"| {field.default} |" in row
