"""The settings of the models process, read once at start."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every setting is the environment variable `MILLSTREAM_MODELS_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="MILLSTREAM_MODELS_", frozen=True)

    host: str = Field(default="127.0.0.1", description="Address to listen on; loopback by default.")
    port: int = Field(
        default=8001, ge=0, le=65535, description="Port to listen on; 0 takes a free one."
    )
    preload: bool = Field(
        default=False,
        description="Load the chat model at start instead of at its first call.",
    )
    max_request_bytes: int = Field(
        default=4 * 1024 * 1024, gt=0, description="Largest request body that is read."
    )
    embeddings_batch_limit: int = Field(
        default=20, gt=0, description="Most texts in one embeddings request."
    )
    embedding_threads: int = Field(
        default=2, gt=0, description="Texts embedded at the same time, each on one CPU."
    )
    embedding_cache_entries: int = Field(
        default=4096, ge=0, description="Embeddings kept in memory (1.5 KB each); 0 keeps none."
    )
    default_max_tokens: int = Field(
        default=512, gt=0, description="Length limit of an answer whose request names none."
    )
    extractive_tokens_per_second: float = Field(
        default=60.0,
        ge=0,
        description="Pace of the extractive endpoint's stream, in words; 0 sends all at once.",
    )
    llama_slots: int = Field(
        default=4, gt=0, description="Answers that llama.cpp generates side by side."
    )
    llama_context_tokens: int = Field(
        default=2048, ge=256, description="Prompt and answer of one slot, in tokens."
    )
    llama_generation_threads: int = Field(
        default=1,
        gt=0,
        description="Threads per token: 1 holds its speed on a busy machine, 2 does not.",
    )
    llama_prompt_threads: int = Field(default=2, gt=0, description="Threads that read the prompt.")
    llama_prompt_cache_mib: int = Field(
        default=256,
        ge=0,
        description="Memory for prompts seen before (llama.cpp's own default is 8192).",
    )
    llama_first_token_seconds: float = Field(
        default=120.0,
        gt=0,
        description="Longest silence of llama.cpp before an answer is given up.",
    )
    shutdown_grace_seconds: float = Field(
        default=1.0, ge=0, description="Time that running answers get after SIGTERM."
    )
