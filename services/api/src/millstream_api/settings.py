"""The API's settings, read once from the environment."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AliasChoices, Field, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from millstream_api.access.settings import AccessSettings
from millstream_contract.addresses import checked_database_url, checked_redis_url
from millstream_contract.ledger.new_entries import WhenBusy
from millstream_contract.log_lines import LogFormat


class Settings(AccessSettings):
    """Every setting of the API. A wrong value stops the start and names itself."""

    model_config = SettingsConfigDict(
        env_prefix="MILLSTREAM_", frozen=True, extra="ignore", populate_by_name=True
    )

    database_url: Annotated[str, AfterValidator(checked_database_url)] = Field(
        validation_alias=AliasChoices("DATABASE_URL", "database_url"),
        description="PostgreSQL 15+ with pgvector, as postgresql://user:password@host/database, or "
        "Lakebase, as lakebase:///database?instance=NAME.",
    )
    redis_url: Annotated[str, AfterValidator(checked_redis_url)] = Field(
        validation_alias=AliasChoices("REDIS_URL", "redis_url"),
        description="Redis 7+ or Valkey 8+, as redis:// or rediss://.",
    )
    api_host: str = Field("127.0.0.1", description="Address to listen on.")
    api_port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 picks one.")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        ("http://127.0.0.1:8050", "http://localhost:8050"),
        description="Origins of pages that may call the API, separated by commas.",
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Names by which the API may be called, separated by commas; localhost and IP "
        "addresses always may. * allows any: only behind a proxy that checks them.",
    )
    chat_endpoint: str = Field(
        "extractive", min_length=1, description="Serving endpoint that answers by default."
    )
    chat_endpoints: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Further serving endpoints that a request may name, separated by commas.",
    )
    unknown_model: Literal["refuse", "default"] = Field(
        "refuse",
        description="What a request gets that names another model: a 400 that names those there "
        "are, or the default endpoint's answer, whose model says so. The second suits clients with "
        "another model's name built in.",
    )
    when_busy: WhenBusy = Field(
        "enqueue",
        description="What a question does while an answer of its conversation is being made, "
        "unless it says so: reject (409), enqueue (answered behind it) or interrupt (stops it).",
    )
    max_wait_seconds: float = Field(
        120.0,
        gt=0,
        description="Longest wait that is predicted for a question; beyond it, it gets 429.",
    )
    max_queued: int = Field(
        2000,
        ge=1,
        description="Most questions in line or waiting for their turn in a conversation; further "
        "ones get 429.",
    )
    max_open_per_user: int = Field(
        50,
        ge=1,
        description="Most unfinished answers of one user; further questions get 429. Not in the "
        "local mode.",
    )
    requests_per_minute: int = Field(
        600,
        ge=1,
        description="Most requests of one user in a minute; further ones get 429. Not in the local "
        "mode.",
    )
    max_input_characters: int = Field(
        8000, ge=1, description="Longest question, in characters; longer ones get 400."
    )
    max_body_bytes: int = Field(
        262_144, ge=1024, description="Largest request body; larger ones get 413."
    )
    body_timeout_seconds: float = Field(
        20.0,
        gt=0,
        description="Longest wait for the whole body of a request; one that takes longer gets 408.",
    )
    max_streams: int = Field(
        5000,
        ge=1,
        description="Most streams, sockets and waiting requests that one process holds open; "
        "further ones get 503. Each takes an open file: the start raises the soft limit "
        "(RLIMIT_NOFILE), and stops when the hard one is too low for a number that was set.",
    )
    keep_alive_seconds: float = Field(
        10.0, gt=0, le=15, description="Longest silence on a stream before a comment is sent."
    )
    recheck_seconds: float = Field(
        5.0,
        gt=0,
        description="A viewer that hears nothing this long reads the log again: the net below "
        "the subscription.",
    )
    send_timeout_seconds: float = Field(
        30.0,
        gt=0,
        description="A viewer that reads nothing this long, while there is something to send, is "
        "cut off.",
    )
    viewer_buffer_bytes: int = Field(
        262_144,
        ge=1,
        description="Live bytes held for a viewer that does not keep up; beyond it they are "
        "dropped, and it is served from the log.",
    )
    stop_wait_seconds: float = Field(
        5.0, ge=0, description="Longest wait of a cancel for the worker's acknowledgement."
    )
    lease_seconds: float = Field(
        2.0, gt=0, description="How long a worker's lease lasts; the same for API and workers."
    )
    redis_timeout_seconds: float = Field(
        2.0, gt=0, description="Longest wait for one reply of Redis."
    )
    database_pool_size: int = Field(10, ge=1, description="Most connections to PostgreSQL.")
    database_timeout_seconds: float = Field(
        5.0, gt=0, description="Longest wait for one reply of PostgreSQL; then the answer is 503."
    )
    drain_seconds: int = Field(
        10, ge=0, description="After SIGTERM, how long open requests may take to end."
    )
    log_format: LogFormat = Field(
        "text", description="text for people, json for a collector of log lines."
    )
    metrics: bool = Field(
        True,
        description="Whether GET /metrics answers Prometheus; a proxied request never gets it.",
    )

    @field_validator("cors_origins", "allowed_hosts", "chat_endpoints", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @model_validator(mode="after")
    def _safe_to_serve(self) -> Self:
        self.check_listening_on(self.api_host)
        return self

    @property
    def models(self) -> tuple[str, ...]:
        """The names that a request may give, the default's first."""
        return tuple(dict.fromkeys((self.chat_endpoint, *self.chat_endpoints)))

    @property
    def most_open(self) -> int | None:
        """How many unfinished answers one owner may have; None: any number."""
        return None if self.auth_mode == "local" else self.max_open_per_user

    def endpoint_for(self, model: str | None) -> str:
        """Return the serving endpoint that answers for the model that a request names."""
        return model if model in self.chat_endpoints and model else self.chat_endpoint
