"""A small client of the HTTP API for tests, written from the protocol."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import httpx

from tests.harness.contract import check_event, checking_hooks
from tests.harness.deadlines import DeadlinePassed, scaled
from tests.harness.sse import Aside, Item, StreamEvent, StrictReader
from tests.harness.transcript import Transcript

_STREAM_TYPE = "text/event-stream"


class ApiError(AssertionError):
    """The API answered with an error; `error` is its body."""

    def __init__(self, status: int, error: dict[str, Any], headers: httpx.Headers) -> None:
        super().__init__(f"{status}: {error}")
        self.status = status
        self.error = error
        self.headers = headers


class EventStream:
    """An open stream of one response; iterate over it for its events, each checked."""

    def __init__(self, response: httpx.Response, transcript: Transcript) -> None:
        self.transcript = transcript
        self.headers = response.headers
        self._response = response
        self._items = self._read()
        self._events = (item for item in self._items if isinstance(item, StreamEvent))

    def __iter__(self) -> Iterator[StreamEvent]:
        """Give the events from here on; a plain end of the connection ends them too."""
        return self._events

    def until(self, true: Callable[[StreamEvent], bool], what: str) -> StreamEvent:
        """Read on until an event for which `true` holds, and give it."""
        for event in self._events:
            if true(event):
                return event
        raise AssertionError(f"the stream ended before {what}; seen: {self.transcript.types}")

    def until_type(self, name: str) -> StreamEvent:
        """Read on until an event of a type, and give it."""
        return self.until(lambda event: event.type == name, f"an event {name}")

    def until_text(self, length: int) -> None:
        """Read on until the shown text has at least this many characters."""
        self.until(
            lambda _: len(self.transcript.text) >= length, f"{length} characters of text were shown"
        )

    def aside(self) -> dict[str, Any]:
        """Read on until something was told beside the stream, and give it."""
        known = len(self.transcript.asides)
        for item in self._items:
            if isinstance(item, Aside):
                break
        assert len(self.transcript.asides) > known, f"nothing beside {self.transcript.types}"
        return self.transcript.asides[-1]

    def to_end(self) -> Transcript:
        """Read to the end, which must be a final event and [DONE]; give what was seen."""
        for _ in self._events:
            continue
        assert self.transcript.done, f"the stream ended without [DONE]: {self.transcript.types}"
        return self.transcript

    def close(self) -> None:
        """Cut the connection."""
        self._response.close()

    def _read(self) -> Iterator[Item]:
        reader = StrictReader()
        try:
            for data in self._response.iter_raw():
                for item in reader.feed(data):
                    self.transcript.add(item)
                    if isinstance(item, StreamEvent | Aside):
                        check_event(item.body)
                    yield item
        except httpx.ReadTimeout as error:
            raise DeadlinePassed(
                f"the stream fell silent; seen: {self.transcript.types}"
            ) from error


def checked_http(url: str, headers: dict[str, str] | None = None) -> httpx.Client:
    """Give an HTTP client of the API that holds every answer to the OpenAPI document."""
    return httpx.Client(
        base_url=url,
        headers=headers,
        timeout=scaled(30),
        trust_env=False,
        event_hooks=checking_hooks(),
    )


class ApiClient:
    """Calls the API; each method raises ApiError on a status of 400 or more.

    Every answer and event is held to the OpenAPI document: see contract.py.
    """

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        self.http = checked_http(url, headers)

    def ask(self, question: str, **settings: Any) -> dict[str, Any]:
        """Ask and wait for the whole answer: a response object."""
        return self._json("POST", "/v1/responses", json={"input": question, **settings})

    def start(self, question: str, **settings: Any) -> dict[str, Any]:
        """Ask in the background: a queued response object."""
        return self.ask(question, background=True, **settings)

    @contextmanager
    def stream(
        self, question: str, idempotency_key: str | None = None, **settings: Any
    ) -> Iterator[EventStream]:
        """Ask, and view the answer from its first event; it goes on when the view is closed."""
        body = {"input": question, "stream": True, "background": True, **settings}
        asked: dict[str, Any] = {"json": body}
        if idempotency_key is not None:
            asked["headers"] = {"Idempotency-Key": idempotency_key}
        with self._stream("POST", "/v1/responses", Transcript(), **asked) as stream:
            yield stream

    @contextmanager
    def follow(
        self,
        response_id: str,
        starting_after: int | str | None = None,
        last_event_id: int | str | None = None,
        transcript: Transcript | None = None,
    ) -> Iterator[EventStream]:
        """View an answer from a cursor; with a `transcript`, from where that one ends."""
        transcript = transcript or Transcript()
        if starting_after is None and last_event_id is None:
            starting_after = transcript.cursor
        params = {"stream": "true"}
        if starting_after is not None:
            params["starting_after"] = str(starting_after)
        headers = {} if last_event_id is None else {"Last-Event-ID": str(last_event_id)}
        path = f"/v1/responses/{response_id}"
        with self._stream("GET", path, transcript, params=params, headers=headers) as stream:
            yield stream

    def retrieve(self, response_id: str) -> dict[str, Any]:
        """Give the response object as it stands."""
        return self._json("GET", f"/v1/responses/{response_id}")

    def cancel(self, response_id: str) -> dict[str, Any]:
        """Stop an answer; gives the response object."""
        return self._json("POST", f"/v1/responses/{response_id}/cancel")

    def create_conversation(self, **metadata: str) -> dict[str, Any]:
        """Begin a conversation."""
        return self._json("POST", "/v1/conversations", json={"metadata": metadata})

    def conversations(self, **params: str | int) -> dict[str, Any]:
        """Give one page of the conversations, newest first."""
        return self._json("GET", "/v1/conversations", params=params)

    def items(self, conversation_id: str, **params: str | int) -> dict[str, Any]:
        """Give one page of the items of a conversation."""
        return self._json("GET", f"/v1/conversations/{conversation_id}/items", params=params)

    def close(self) -> None:
        """Close all connections."""
        self.http.close()

    def __enter__(self) -> Self:
        """Give the client."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all connections."""
        self.close()

    def _json(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        response = self.http.request(method, path, **request)
        _raise_for_error(response)
        body: dict[str, Any] = response.json()
        return body

    @contextmanager
    def _stream(
        self, method: str, path: str, transcript: Transcript, **request: Any
    ) -> Iterator[EventStream]:
        with self.http.stream(method, path, **request) as response:
            if response.status_code >= httpx.codes.BAD_REQUEST:
                response.read()
            _raise_for_error(response)
            content_type = response.headers["content-type"].partition(";")[0]
            assert content_type == _STREAM_TYPE, f"not a stream: {content_type}"
            yield EventStream(response, transcript)


def _raise_for_error(response: httpx.Response) -> None:
    if response.status_code < httpx.codes.BAD_REQUEST:
        return
    try:
        error = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        raise AssertionError(
            f"{response.status_code} without an error object: {response.text[:500]!r}"
        ) from None
    raise ApiError(response.status_code, error, response.headers)
