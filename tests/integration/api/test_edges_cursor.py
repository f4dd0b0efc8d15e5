"""Any cursor gets the full log, the right tail, or a 400: never silence, and never a hang."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.harness.api_client import ApiClient
from tests.harness.services import Service
from tests.harness.sse import Done, StreamEvent, StrictReader
from tests.integration.api.scribe import Scribe

_EXAMPLES = 150


@dataclass(frozen=True)
class Streams:
    """A finished response, one that is being written, and a client that waits for neither."""

    http: httpx.Client
    finished: str
    last: int
    """The number of the finished one's last event."""
    running: str
    written: int
    """The number of the running one's last event."""


@pytest.fixture
def streams(
    client: ApiClient, api: Service, scribe_of: Callable[[str], Scribe]
) -> Iterator[Streams]:
    finished, running = (scribe_of(client.start("What is a log?")["id"]) for _ in range(2))
    for scribe in (finished, running):
        scribe.write("A ", "file ", "that ", "only ", "grows.")
    finished.finish()
    with httpx.Client(base_url=api.url, timeout=20, trust_env=False) as http:
        yield Streams(
            http,
            finished.row.id,
            len(finished.frames) - 1,
            running.row.id,
            len(running.frames) - 1,
        )


NUMBERS = st.one_of(
    st.integers(-3, 12),
    st.sampled_from([10**6, 2**31, 2**53, 2**63, 10**17, 10**18, 10**30, -(10**18)]),
).map(str)
_ODD = " |0 | 0|+1|1.0|1e3|0x1|-0|00|٣|null|NaN|inf|1,2|[]||%00|\x7f|é|resp_0|1;2|-|--1|1_0|²"
ODD = st.sampled_from(_ODD.split("|"))
TEXT = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=12)
CURSORS = st.one_of(NUMBERS, NUMBERS, ODD, TEXT)
# What a header can hold at all.
IN_HEADER = CURSORS.filter(lambda text: text == text.strip() and text.isprintable())


def asked(
    streams: Streams, response_id: str, by_query: list[str], by_header: list[str]
) -> httpx.Request:
    params = httpx.QueryParams([("stream", "true"), *(("starting_after", v) for v in by_query)])
    headers = [(b"Last-Event-ID", value.encode("latin-1", "replace")) for value in by_header]
    return streams.http.build_request(
        "GET", f"/v1/responses/{response_id}", params=params, headers=headers
    )


def whole_number(text: str) -> int | None:
    """The number that a cursor is, by the words of the protocol."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        return None
    return int(text) if int(text) >= -1 else None


def expected(by_query: list[str], by_header: list[str], last: int) -> int | None:
    """Where the tail begins, or None for a refusal."""
    numbers = [whole_number(text) for text in [*by_query, *by_header]]
    if len(by_query) > 1 or len(by_header) > 1 or None in numbers:
        return None
    cursor = max((number for number in numbers if number is not None), default=-1)
    return cursor + 1 if cursor <= last else None


@settings(
    max_examples=_EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(by_query=st.lists(CURSORS, max_size=2), by_header=st.lists(IN_HEADER, max_size=2))
def test_any_cursor_of_a_finished_stream_gets_its_tail_or_a_400(
    streams: Streams, by_query: list[str], by_header: list[str]
) -> None:
    answer = streams.http.send(asked(streams, streams.finished, by_query, by_header))

    begin = expected(by_query, by_header, streams.last)
    if begin is None:
        assert answer.status_code == httpx.codes.BAD_REQUEST
        assert answer.json()["error"]["param"] in {"starting_after", "Last-Event-ID"}
        return
    assert answer.status_code == httpx.codes.OK
    items = list(StrictReader().feed(answer.content))
    numbers = [item.number for item in items if isinstance(item, StreamEvent)]
    assert numbers == list(range(begin, streams.last + 1))
    assert isinstance(items[-1], Done)


@pytest.mark.parametrize("cursor", ["-1", "0", "3", "last", "ahead", "huge", "-2", "x", "1.5", ""])
def test_any_cursor_of_a_running_stream_is_answered_at_once(cursor: str, streams: Streams) -> None:
    named = {"last": str(streams.written), "ahead": str(streams.written + 1), "huge": "9" * 18}
    text = named.get(cursor, cursor)
    begin = expected([text], [], streams.written)

    answer = streams.http.send(asked(streams, streams.running, [text], []), stream=True)

    if begin is None:
        assert answer.status_code == httpx.codes.BAD_REQUEST
    else:
        assert answer.status_code == httpx.codes.OK
        if begin <= streams.written:
            reader, first = StrictReader(), None
            for data in answer.iter_raw():
                first = next((i for i in reader.feed(data) if isinstance(i, StreamEvent)), None)
                if first is not None:
                    break
            assert first is not None
            assert first.number == begin
    answer.close()


@pytest.mark.parametrize(
    ("by_query", "by_header", "param"),
    [
        ([], ["999"], "Last-Event-ID"),
        (["0"], ["999"], "Last-Event-ID"),
        (["999"], [], "starting_after"),
        (["999"], ["0"], "starting_after"),
    ],
)
def test_a_cursor_that_is_ahead_is_named_as_it_was_given(
    by_query: list[str], by_header: list[str], param: str, streams: Streams
) -> None:
    answer = streams.http.send(asked(streams, streams.finished, by_query, by_header))

    assert answer.status_code == httpx.codes.BAD_REQUEST
    error = answer.json()["error"]
    assert (error["param"], error["code"]) == (param, "integer_above_max_value")
    assert error["message"].startswith(f"{param} must be below")


def test_a_reconnecting_event_source_goes_on_behind_its_last_event(streams: Streams) -> None:
    # Its address still says where it began; its header says where it is.
    answer = streams.http.send(asked(streams, streams.finished, ["0"], ["4"]))

    events = [i for i in StrictReader().feed(answer.content) if isinstance(i, StreamEvent)]
    assert events[0].number == 5
