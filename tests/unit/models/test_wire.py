import asyncio
import json
from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st

from millstream_models.chat import Finish
from millstream_models.smollm2 import data_lines
from millstream_models.wire import ChatWriter, event

AWKWARD = st.one_of(
    st.text(), st.sampled_from(["\n", " ", "", "data: x", "[DONE]", "\u2028", "a\r\nb"])
)


def payloads(stream: bytes, size: int) -> list[bytes]:
    async def cut() -> AsyncIterator[bytes]:
        for start in range(0, len(stream), size):
            yield stream[start : start + size]

    async def collect() -> list[bytes]:
        return [line async for line in data_lines(cut())]

    return asyncio.run(collect())


@given(st.lists(AWKWARD, max_size=5), st.integers(1, 50))
def test_any_text_survives_a_stream_however_it_is_cut(texts: list[str], size: int) -> None:
    stream = b"".join(event({"text": text}) for text in texts)

    assert [json.loads(line)["text"] for line in payloads(stream, size)] == texts


def test_a_line_separator_inside_raw_utf8_does_not_end_the_line() -> None:
    stream = 'data: {"text":"a\u2028b\u0085c"}\n\n: comment\n\ndata: [DONE]\n\n'.encode()

    assert [line.decode() for line in payloads(stream, 7)] == [
        '{"text":"a\u2028b\u0085c"}',
        "[DONE]",
    ]


def test_the_role_is_told_once_even_when_there_is_no_text() -> None:
    writer = ChatWriter("m")

    end = writer.finish_chunks(Finish("stop", 1, 0), with_usage=False)

    assert b'"role":"assistant"' in end
    assert b'"role"' not in writer.text_chunk("x")
