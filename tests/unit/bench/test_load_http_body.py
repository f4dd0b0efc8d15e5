import pytest

from bench.load.http_body import Body

CHUNKED = {"transfer-encoding": "chunked"}


def coded(pieces: list[bytes]) -> bytes:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return chunks + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_a_chunked_body_is_whole_however_its_bytes_are_cut(size: int) -> None:
    pieces = [b"id: 0\n", b"a\r\nb", b"x" * 300, b"\r\n"]
    data, body = coded(pieces), Body(CHUNKED)

    got = b"".join(body.feed(data[at : at + size]) for at in range(0, len(data), size))

    assert got == b"".join(pieces)
    assert body.finished


def test_what_has_come_of_a_chunk_is_given_before_the_chunk_is_whole() -> None:
    body = Body(CHUNKED)

    assert body.feed(b"a\r\n12345") == b"12345"
    assert not body.finished


def test_a_chunked_body_that_breaks_off_is_not_finished() -> None:
    body = Body(CHUNKED)
    body.feed(coded([b"abc"])[:-5])

    assert not body.finished
    assert not body.ends_with_connection


def test_a_body_of_known_length_ends_there() -> None:
    body = Body({"content-length": "5"})

    assert body.feed(b"abc") == b"abc"
    assert not body.finished
    assert body.feed(b"de") == b"de"
    assert body.finished


def test_a_body_without_a_length_ends_with_its_connection() -> None:
    body = Body({})

    assert body.feed(b"abc") == b"abc"
    assert body.ends_with_connection
