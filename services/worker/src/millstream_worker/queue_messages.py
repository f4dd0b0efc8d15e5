"""Which bytes under the queue's key are a job's message: such as our own senders write, or none.

Whoever can write to Redis can put anything there, and what Celery cannot read ends its process.
"""

import re
from base64 import b64decode
from typing import Annotated, Any, Final, Literal

from kombu.utils.json import loads
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from millstream_contract.jobs import is_job

_MOST_BYTES: Final = 65_536
"""A message carries ids only: about 1 kB."""

_ID: Final = re.compile(rb"(?:resp|doc)_[0-9a-f]{32}")


class _Part(BaseModel, strict=True):
    """A part of a message. What it has more than is named here, nobody reads."""


class _Headers(_Part):
    task: str
    id: str = Field(min_length=1)
    # What nobody here sends, and Celery would act upon.
    shadow: None = None
    eta: None = None
    expires: None = None
    timelimit: Annotated[list[None], Field(min_length=2, max_length=2)] = [None, None]
    retries: Literal[0] = 0
    group: None = None
    compression: None = None
    stamped_headers: None = None
    traceparent: str | None = None


class _Destination(_Part):
    exchange: str
    routing_key: str


class _Properties(_Part):
    delivery_tag: str = Field(min_length=1)
    delivery_info: _Destination
    body_encoding: Literal["base64"]


class _Options(_Part):
    callbacks: None = None
    errbacks: None = None
    chain: None = None
    chord: None = None


def _decoded(body: Any) -> Any:
    return loads(b64decode(body, validate=True))


class _Message(_Part):
    content_type: Literal["application/json"] = Field(alias="content-type")
    content_encoding: Literal["utf-8"] = Field(alias="content-encoding")
    headers: _Headers
    properties: _Properties
    body: Annotated[
        tuple[list[Any], Annotated[dict[str, Any], Field(max_length=0)], _Options],
        Field(strict=False),
        BeforeValidator(_decoded),
    ]


def what_is_wrong(raw: bytes) -> str | None:
    """Tell why these bytes are no job's message, in no words of theirs; None: they are one."""
    if len(raw) > _MOST_BYTES:
        return "it is too long"
    try:
        message = _Message.model_validate(loads(raw))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['type']}"
    except Exception as error:  # noqa: BLE001  # kombu's types in JSON bring any
        return f"it is not JSON: {type(error).__name__}"
    if not is_job(message.headers.task, message.body[0]):
        return "there is no such job"
    return None


def id_in(raw: bytes) -> str:
    """Return the first id that stands in these bytes, for the log."""
    found = _ID.search(raw[:_MOST_BYTES])
    return found[0].decode() if found else "no id"
