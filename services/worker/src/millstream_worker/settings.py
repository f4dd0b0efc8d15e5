"""The settings of a worker process, read once at its start.

Databricks' own settings (DATABRICKS_HOST, DATABRICKS_TOKEN, or any other way to log in) are read
by the Databricks SDK.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from millstream_contract.addresses import checked_database_url, checked_redis_url
from millstream_contract.log_lines import LogFormat


class WorkerSettings(BaseSettings):
    """What every worker process needs. Variables are named MILLSTREAM_<FIELD>."""

    model_config = SettingsConfigDict(
        env_prefix="MILLSTREAM_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    database_url: Annotated[str, AfterValidator(checked_database_url)] = Field(
        validation_alias="DATABASE_URL",
        description="PostgreSQL with pgvector, migrated; or Lakebase, by name.",
    )
    redis_url: Annotated[str, AfterValidator(checked_redis_url)] = Field(
        validation_alias="REDIS_URL", description="Redis 7+ or Valkey 8+: queue and token log."
    )
    redis_timeout_seconds: float = Field(
        default=5.0, gt=0, description="Longest wait for one reply of Redis by the token log."
    )
    ledger_wait_seconds: float = Field(
        default=5.0, gt=0, description="Longest wait for a connection to PostgreSQL, per try."
    )
    embeddings_endpoint: str = Field(
        min_length=1, description="Name of the serving endpoint that embeds texts."
    )
    embeddings_input_type: Literal["auto", "send", "omit"] = Field(
        default="auto",
        description=(
            "Whether requests say that a text is a query or a passage: models of the e5 family"
            " need it, some endpoints refuse it. 'auto' says it until the endpoint refuses."
        ),
    )
    embeddings_batch_texts: int = Field(
        default=20, ge=1, le=150, description="Most texts in one request to the endpoint."
    )
    model_connect_seconds: float = Field(
        default=5.0, gt=0, description="Longest wait for a connection to a serving endpoint."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="The least important lines that are printed."
    )
    log_format: LogFormat = Field(
        default="text", description="text for people, json for a collector of log lines."
    )
    worker_http_host: str = Field(
        default="127.0.0.1", description="Address on which probes and metrics are answered."
    )
    worker_http_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description=(
            "Port of /healthz, /readyz and /metrics; 0: none, for several workers on one host."
        ),
    )
    shutdown_grace_seconds: float = Field(
        default=25.0,
        gt=0,
        description=(
            "How long running jobs may go on after SIGTERM. Keep the container's own grace"
            " (30 s by default) above it."
        ),
    )


class IngestSettings(WorkerSettings):
    """What `python -m millstream_worker ingest` needs beside that."""

    ingest_concurrency: int = Field(
        default=1, ge=1, le=16, description="Documents that one process ingests side by side."
    )
    ingest_patience_seconds: float = Field(
        default=300.0,
        ge=0,
        description="How long a document waits for an endpoint or PostgreSQL that is away.",
    )
    embeddings_passages_timeout_seconds: float = Field(
        default=120.0, gt=0, description="Longest wait for the vectors of one batch of passages."
    )


class AnswerSettings(WorkerSettings):
    """What `python -m millstream_worker answers` needs beside that."""

    chat_endpoint: str = Field(
        min_length=1,
        description=(
            "Name of the serving endpoint that grades and rewrites, where the model does that, and"
            " answers requests that name none (the API fills in its own default)."
        ),
    )
    answers_concurrency: int = Field(
        default=12,
        ge=1,
        le=64,
        description=(
            "Answers that one process generates side by side. Some 1,000 tokens a second of all of"
            " them together are what its one CPU carries."
        ),
    )
    embeddings_query_timeout_seconds: float = Field(
        default=10.0, gt=0, description="Longest wait for the vector of a question."
    )

    model_stall_seconds: float = Field(
        default=60.0,
        gt=0,
        description="Longest silence of the model, before its first token or between two.",
    )
    model_retries: int = Field(
        default=2,
        ge=0,
        description="Repeats of a request that failed before its first token (429, 5xx, connect).",
    )
    model_retry_seconds: float = Field(
        default=20.0, ge=0, description="Longest wait before one repeat, whatever Retry-After says."
    )
    model_resumes: int = Field(
        default=2,
        ge=0,
        description="How often a model that broke off in mid-answer is asked to go on.",
    )
    continue_answers: bool = Field(
        default=False,
        description=(
            "Whether the chat endpoint continues an assistant message at the end of the prompt, as"
            " the local models and some hosted ones do. Then an answer that was interrupted goes on"
            " where it was; else what was said of it is taken back, and it starts over."
        ),
    )
    model_asks_usage: bool = Field(
        default=True,
        description="Ask for token counts in streams; off for an endpoint that refuses to be asked",
    )
    temperature: float | None = Field(
        default=None,
        ge=0,
        le=2,
        description="Sampling temperature where a request names none; unset: the endpoint's own.",
    )
    max_output_tokens: int = Field(
        default=1024, ge=1, description="Length limit of an answer whose request names none."
    )
    answer_max_characters: int = Field(
        default=400_000,
        ge=1000,
        description="An answer that grows beyond it is ended as incomplete; it bounds memory.",
    )

    search_passages: int = Field(
        default=12, ge=1, le=100, description="Passages fetched for a question, before grading."
    )
    grading: Literal["retrieval", "model"] = Field(
        default="retrieval",
        description="Who says which passages help: figures of the search, or the chat model.",
    )
    condensing: Literal["keywords", "model", "off"] = Field(
        default="model",
        description=(
            "Who makes a question that follows others stand on its own, before the search: the chat"
            " model, in any language; or key words of those others, put before it where English"
            " words show that it leans on them, for models too small to be asked."
        ),
    )
    rewriting: Literal["keywords", "model"] = Field(
        default="keywords",
        description="Who rewrites a question that found nothing: its key words, or the chat model.",
    )
    grade_min_cosine: float | None = Field(
        default=None,
        ge=-1,
        le=1,
        description=(
            "Least cosine of a passage that is kept. It depends on the embedding model; unset:"
            " 0.82 when the endpoint's name says e5 (measured), else 0.25, which only drops what"
            " is plainly unrelated."
        ),
    )
    max_passages: int = Field(
        default=3, ge=1, le=50, description="Most passages that an answer is made from."
    )
    passages_max_characters: int = Field(
        default=700,
        ge=100,
        description=(
            "All passages of a prompt together; longer ones are cut to their best sentences. The"
            " default suits a small local model (first token in about a second); give a large one"
            " 10,000."
        ),
    )
    history_messages: int = Field(
        default=4, ge=0, le=100, description="Earlier messages of the conversation in a prompt."
    )
    history_max_characters: int = Field(
        default=1200, ge=0, description="Earlier messages together; the oldest go first."
    )

    lease_seconds: float = Field(
        default=2.0,
        gt=0,
        description="How long a lease lasts without renewal; the same for API and workers.",
    )
    max_attempts: int = Field(
        default=5,
        ge=1,
        description=(
            "Attempts at one answer, then it fails, so that no question can kill for ever; those"
            " that were handed over do not count."
        ),
    )

    log_patience_seconds: float = Field(
        default=300.0,
        ge=0,
        description="How long frames are kept and sent again while Redis is away.",
    )
    log_open_seconds: float = Field(
        default=10.0,
        ge=0,
        description="How long an attempt waits for Redis before it begins without its log.",
    )
    log_flush_seconds: float = Field(
        default=10.0,
        ge=0,
        description="How long a whole answer waits for Redis before it is stored in PostgreSQL.",
    )
    ledger_patience_seconds: float = Field(
        default=1800.0,
        ge=0,
        description="How long a whole answer is kept and its storing tried, PostgreSQL being away.",
    )
