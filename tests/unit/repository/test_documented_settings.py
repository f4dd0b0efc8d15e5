"""Every setting of every service is documented, with its default and its help."""

from pathlib import Path

import pytest
from pydantic import AliasChoices
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from millstream_api.settings import Settings as ApiSettings
from millstream_embedded.settings import EmbeddedSettings
from millstream_models.settings import Settings as ModelsSettings
from millstream_ui.settings import Settings as UiSettings
from millstream_worker.settings import AnswerSettings, IngestSettings

ROOT = Path(__file__).parents[3]

SERVICES: dict[str, list[type[BaseSettings]]] = {
    "services/api": [ApiSettings],
    "services/worker": [AnswerSettings, IngestSettings],
    "services/models": [ModelsSettings],
    "services/ui": [UiSettings],
    "embedded": [EmbeddedSettings],
}


def variable_of(name: str, field: FieldInfo, settings: type[BaseSettings]) -> str:
    """Return the environment variable of a setting."""
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return str(alias.choices[0])
    return str(alias or f"{settings.model_config['env_prefix']}{name}".upper())


def _settings(folder: str) -> dict[str, FieldInfo]:
    return {
        variable_of(name, field, settings): field
        for settings in SERVICES[folder]
        for name, field in settings.model_fields.items()
    }


def _cells(folder: str) -> dict[str, list[str]]:
    """The cells of each row of the table of settings, by its variable."""
    lines = (ROOT / folder / "README.md").read_text("utf-8").splitlines()
    rows = [
        [cell.strip(" |").replace("\\|", "|") for cell in line.split(" | ")]
        for line in lines
        if line.startswith("| `")
    ]
    return {variable.strip("`"): cells for variable, *cells in rows}


def _shown(field: FieldInfo) -> str | None:
    """The default as the table has it; None where the table may use words."""
    default = field.default
    if field.is_required():
        return "(needed)"
    if default is None or isinstance(default, tuple) or default == "":
        return None
    return str(default).lower() if isinstance(default, bool) else str(default)


@pytest.mark.parametrize("folder", SERVICES)
def test_every_setting_is_documented_with_its_default_and_its_help(folder: str) -> None:
    documented = _cells(folder)

    for variable, field in _settings(folder).items():
        default, help_ = documented[variable]
        assert field.description
        assert help_ == field.description, variable
        assert _shown(field) in {default, None}, variable


@pytest.mark.parametrize("folder", SERVICES)
def test_no_setting_is_documented_that_is_not_there(folder: str) -> None:
    named = {name for name in _cells(folder) if name.startswith("MILLSTREAM_")}

    assert named - _settings(folder).keys() == set()
