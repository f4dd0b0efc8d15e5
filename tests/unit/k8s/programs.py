"""Which of our programs a container runs, and the settings that this program knows."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, AliasChoices, Field
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from millstream_api.settings import Settings as ApiSettings
from millstream_contract.addresses import checked_database_url
from millstream_models.settings import Settings as ModelsSettings
from millstream_ui.settings import Settings as UiSettings
from millstream_worker.settings import AnswerSettings, IngestSettings
from tests.unit.k8s.manifests import Object


class MigrateVariables(BaseSettings):
    """The migration has no settings, and reads this."""

    database_url: Annotated[str, AfterValidator(checked_database_url)] = Field(
        validation_alias="DATABASE_URL"
    )


class CorpusVariables(MigrateVariables):
    """The corpus loader reads this beside it."""

    embeddings_endpoint: str = Field(validation_alias="MILLSTREAM_EMBEDDINGS_ENDPOINT")


@dataclass(frozen=True)
class Program:
    """A program, the image that carries it, its settings, and the one that says its port."""

    arguments: tuple[str, ...]
    image: str
    reads: type[BaseSettings]
    port: str | None = None

    def settings(self) -> dict[str, FieldInfo]:
        """Every setting, by its variable."""
        return {
            _variable(name, field, self.reads): field
            for name, field in self.reads.model_fields.items()
        }


PROGRAMS = (
    Program(("millstream_api",), "api", ApiSettings, "MILLSTREAM_API_PORT"),
    Program(
        ("millstream_worker", "answers"), "worker", AnswerSettings, "MILLSTREAM_WORKER_HTTP_PORT"
    ),
    Program(
        ("millstream_worker", "ingest"), "worker", IngestSettings, "MILLSTREAM_WORKER_HTTP_PORT"
    ),
    Program(("millstream_ui",), "ui", UiSettings, "MILLSTREAM_UI_PORT"),
    Program(("millstream_models",), "models", ModelsSettings, "MILLSTREAM_MODELS_PORT"),
    Program(("millstream_contract.migrate",), "api", MigrateVariables),
    Program(("millstream_embedded.corpus_loader",), "corpus", CorpusVariables),
)


def program_of(container: Object) -> Program | None:
    """Return what runs in the end: behind ``--``, if the container waits for something first."""
    words = [*container.get("command", []), *container.get("args", [])]
    if "--" in words:
        words = words[words.index("--") + 1 :]
    if words[:2] != ["python", "-m"]:
        return None
    return next(one for one in PROGRAMS if one.arguments == tuple(words[2:]))


def _variable(name: str, field: FieldInfo, settings: type[BaseSettings]) -> str:
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return str(alias.choices[0])
    return str(alias or f"{settings.model_config.get('env_prefix')}{name}".upper())
