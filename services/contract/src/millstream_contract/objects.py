"""The objects that a response is made of, in the shape of the OpenAI Responses API.

Each is a frozen value. Our own additions live under one key, ``millstream``, which clients of
the original API pass by.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["queued", "in_progress", "completed", "failed", "incomplete", "cancelled"]
FINAL_STATUSES: frozenset[str] = frozenset({"completed", "failed", "incomplete", "cancelled"})


class Value(BaseModel):
    """A frozen value that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Passage(Value):
    """A retrieved piece of a document, as the answer may cite it.

    number: the [n] of its citation, from 1.
    place: where in the document it stands (its headings).
    score: cosine similarity to the question, -1..1.
    """

    number: int
    document_id: str
    title: str
    place: str
    text: str
    score: float


class FileCitation(Value):
    """A mark ``[n]`` in the text; ``index`` counts code points up to the mark's end."""

    type: Literal["file_citation"] = "file_citation"
    file_id: str
    filename: str
    index: int


class SearchResult(Value):
    """A passage as a search result: by reference, with the beginning of its text."""

    file_id: str
    filename: str
    score: float
    text: str
    attributes: dict[str, str | float | bool]


class FileSearchCall(Value):
    """The output item that stands for retrieving and grading."""

    type: Literal["file_search_call"] = "file_search_call"
    id: str
    status: Literal["in_progress", "searching", "completed", "incomplete", "failed"]
    queries: tuple[str, ...] = ()
    results: tuple[SearchResult, ...] | None = None


class OutputText(Value):
    """The text part of an answer."""

    type: Literal["output_text"] = "output_text"
    text: str = ""
    annotations: tuple[FileCitation, ...] = ()
    logprobs: tuple[()] = ()


class OutputMessage(Value):
    """The output item that is the answer."""

    type: Literal["message"] = "message"
    id: str
    status: Literal["in_progress", "completed", "incomplete"]
    role: Literal["assistant"] = "assistant"
    content: tuple[OutputText, ...] = ()


OutputItem = FileSearchCall | OutputMessage


class InputTokensDetails(Value):
    """Detail of the prompt's tokens."""

    cached_tokens: int = 0
    cache_write_tokens: int = 0


class OutputTokensDetails(Value):
    """Detail of the answer's tokens."""

    reasoning_tokens: int = 0


class Usage(Value):
    """Tokens that the model counted."""

    input_tokens: int
    input_tokens_details: InputTokensDetails = InputTokensDetails()
    output_tokens: int
    output_tokens_details: OutputTokensDetails = OutputTokensDetails()
    total_tokens: int


class ResponseError(Value):
    """Why a response failed. ``message`` is for the reader, and carries no internals."""

    code: str
    message: str


class IncompleteDetails(Value):
    """Why a response ended before its answer was whole."""

    reason: Literal["max_output_tokens", "content_filter"]


class Timings(Value):
    """Where the time went, in milliseconds; None for what did not happen.

    queue: accepted until a worker began. model_first_token: request to the model until its first
    token. first_token: accepted until the first token. total: accepted until the end.
    """

    queue_ms: float | None = None
    retrieve_ms: float | None = None
    grade_ms: float | None = None
    rewrite_ms: float | None = None
    model_first_token_ms: float | None = None
    first_token_ms: float | None = None
    total_ms: float | None = None


Rating = Literal["up", "down"]


class Feedback(Value):
    """What the owner of a response thinks of it."""

    rating: Rating
    comment: str | None = None


class MillstreamDetails(Value):
    """What Millstream adds to a response.

    attempt: which attempt this is from, 0 before any. grounded: whether passages were found to
    answer from; None until that is known. replaces: the response whose place this one took in its
    conversation. Only in the response as it is retrieved, not in its events: superseded_by, the
    response that took this one's place, and feedback.
    """

    attempt: int = 0
    grounded: bool | None = None
    timings: Timings = Timings()
    replaces: str | None = None
    superseded_by: str | None = None
    feedback: Feedback | None = None


class ConversationReference(Value):
    """The conversation that a response belongs to."""

    id: str


class TextFormat(Value):
    """Plain text is the only format."""

    type: Literal["text"] = "text"


class TextSettings(Value):
    """How the text is formatted."""

    format: TextFormat = TextFormat()


class ResponseObject(Value):
    """A response, as it stands at one moment. Times are seconds since 1970."""

    id: str
    object: Literal["response"] = "response"
    created_at: float
    completed_at: float | None = None
    status: Status
    background: bool
    conversation: ConversationReference | None = None
    error: ResponseError | None = None
    incomplete_details: IncompleteDetails | None = None
    instructions: str | None = None
    max_output_tokens: int | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    model: str
    output: tuple[OutputItem, ...] = ()
    parallel_tool_calls: bool = False
    previous_response_id: str | None = None
    store: bool = True
    temperature: float | None = None
    text: TextSettings = TextSettings()
    tool_choice: Literal["auto"] = "auto"
    tools: tuple[dict[str, Any], ...] = ()
    top_p: float | None = None
    truncation: Literal["disabled"] = "disabled"
    usage: Usage | None = None
    millstream: MillstreamDetails = MillstreamDetails()
