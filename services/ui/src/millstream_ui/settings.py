"""The page's settings: read once from the environment, frozen, and never read anywhere else."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    """What the page needs to know. A wrong value stops the start and names itself."""

    model_config = SettingsConfigDict(env_prefix="MILLSTREAM_", frozen=True, extra="ignore")

    ui_host: str = Field(default="127.0.0.1", description="Address the page is served on.")
    ui_port: int = Field(default=8050, ge=1, le=65535, description="Port the page is served on.")
    ui_threads: int = Field(
        default=64,
        ge=1,
        le=256,
        description="Connections served at once; browsers open some ahead of need, and each holds"
        " a thread.",
    )
    ui_drain_seconds: int = Field(
        default=5, ge=0, le=600, description="How long open requests may go on after SIGTERM."
    )
    ui_title: str = Field(default="Millstream", min_length=1, description="Name shown on the page.")
    ui_suggestions: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Questions offered on an empty page, separated by `|`."
    )
    api_url: str = Field(
        default="http://127.0.0.1:8000",
        description="The API as this server reaches it (readiness only).",
    )
    public_api_url: str = Field(
        default="",
        description="The API as the browser reaches it: an http(s) URL, or `/` when a proxy serves"
        " both under one origin. Default: the value of MILLSTREAM_API_URL.",
    )

    @field_validator("ui_suggestions", mode="before")
    @classmethod
    def _split_suggestions(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split("|") if part.strip())
        return value

    @field_validator("api_url")
    @classmethod
    def _api_url_is_absolute(cls, value: str) -> str:
        return _absolute_url(value)

    @field_validator("public_api_url")
    @classmethod
    def _public_api_url_is_usable(cls, value: str) -> str:
        return value if value in ("", "/") else _absolute_url(value)

    @property
    def browser_api_url(self) -> str:
        """The prefix that the browser puts before `/v1/...`; empty means the page's own origin."""
        if self.public_api_url == "/":
            return ""
        return self.public_api_url or self.api_url

    @property
    def browser_api_origin(self) -> str:
        """The origin the browser must be allowed to connect to; empty means its own."""
        parts = urlsplit(self.browser_api_url)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _absolute_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise ValueError("must be an http:// or https:// URL without query or fragment")
    if any(character in value for character in " ;,'\""):
        raise ValueError("must not hold spaces, quotes, commas or semicolons")
    return value.rstrip("/")
