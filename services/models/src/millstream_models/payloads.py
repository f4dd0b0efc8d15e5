"""The request bodies of the serving protocol, as checked values."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from millstream_models.errors import InvalidRequest


def _as_text(content: object) -> object:
    """Join a content given as a list of text parts; anything else is left to the field's check."""
    if isinstance(content, list) and all(isinstance(part, dict) for part in content):
        if any(part.get("type") != "text" for part in content):
            raise ValueError("only text parts are supported")
        return "".join(str(part.get("text", "")) for part in content)
    return content


class _Payload(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class Message(_Payload):
    """One turn of the conversation."""

    role: Literal["system", "user", "assistant"]
    content: Annotated[str, BeforeValidator(_as_text)]


class StreamOptions(_Payload):
    """What a streaming client wants beside the text."""

    include_usage: bool = True


class ChatRequest(_Payload):
    """Body of a chat completion. A trailing assistant message is a prefix to be continued."""

    model: str | None = None
    messages: list[Message] = Field(min_length=1)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(default=None, gt=0)
    max_completion_tokens: int | None = Field(default=None, gt=0)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    seed: int | None = None
    stop: str | list[str] | None = None
    n: Literal[1] | None = None
    response_format: dict[str, Any] | None = None
    tools: Annotated[list[Any], Field(max_length=0)] | None = None

    @property
    def token_limit(self) -> int | None:
        """The request's own length limit, under either of its two names."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def prefix(self) -> str:
        """The text to be continued: of a trailing assistant message, or empty."""
        last = self.messages[-1]
        return last.content if last.role == "assistant" else ""

    @property
    def stop_texts(self) -> Sequence[str]:
        """Texts that end the answer; they are not part of it."""
        stops = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return [text for text in stops if text]

    @property
    def wants_usage(self) -> bool:
        """Databricks sends usage with a stream unless it is declined; so do we."""
        return self.stream_options is None or self.stream_options.include_usage


class EmbeddingsRequest(_Payload):
    """Body of an embeddings request: one text, or a list of them."""

    model: str | None = None
    input: str | list[str]
    input_type: Literal["query", "passage"] = "passage"
    encoding_format: Literal["float", "base64"] = "float"

    @property
    def texts(self) -> list[str]:
        """The texts to embed, in order."""
        return [self.input] if isinstance(self.input, str) else self.input


P = TypeVar("P", ChatRequest, EmbeddingsRequest)


def parse(kind: type[P], body: bytes) -> P:
    """Check a body.

    Raises:
        InvalidRequest: names each field that is wrong.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise InvalidRequest(_describe(error)) from error


def _describe(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in error.errors()
    )
