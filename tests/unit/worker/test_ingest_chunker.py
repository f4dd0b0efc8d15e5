"""How a document is cut into passages."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millstream_worker.ingesting.chunker import (
    MOST_CHARACTERS,
    TextChunk,
    chunk_document,
    text_to_embed,
)
from millstream_worker.ingesting.cutting import cut_lines, cut_prose


def numbered(count: int, begin: int = 0) -> str:
    """Sentences of which none occurs twice, of some 40 characters each."""
    return " ".join(
        f"Sentence {n} speaks of thing {n} and no more." for n in range(begin, begin + count)
    )


def test_a_passage_knows_the_headings_above_it() -> None:
    content = (
        "# Guide\n\nIntro.\n\n## Redis\n\nKeys.\n\n### Life\n\nAn hour.\n\n## Ledger\n\nRows.\n"
    )

    chunks = chunk_document("Guide", "text/markdown", content)

    assert chunks == [
        TextChunk("", "Intro."),
        TextChunk("Redis", "Keys."),
        TextChunk("Redis > Life", "An hour."),
        TextChunk("Ledger", "Rows."),
    ]


def test_a_first_heading_that_is_not_the_title_stays_in_the_place() -> None:
    chunks = chunk_document("file name", "text/markdown", "# Guide\n\n## Redis\n\nKeys.")

    assert chunks == [TextChunk("Guide > Redis", "Keys.")]


def test_a_heading_as_long_as_a_paragraph_is_text() -> None:
    heading = "word " * 60

    chunks = chunk_document("t", "text/markdown", f"# {heading}\n\nBody.")

    assert chunks == [TextChunk("", f"{heading.strip()}\n\nBody.")]


def test_short_paragraphs_share_passages_of_about_one_length() -> None:
    paragraphs = [numbered(4, 4 * n) for n in range(18)]

    chunks = chunk_document("t", "text/plain", "\n\n".join(paragraphs))

    assert "\n\n".join(chunk.content for chunk in chunks) == "\n\n".join(paragraphs)
    assert all(600 <= len(chunk.content) <= MOST_CHARACTERS for chunk in chunks)


def test_a_long_paragraph_is_cut_between_sentences_and_shares_one_where_it_is_cut() -> None:
    chunks = chunk_document("t", "text/plain", numbered(100))

    assert len(chunks) > 3
    for before, after in pairwise(chunks):
        last = re.findall(r"Sentence \d+ [^.]*\.", before.content)[-1]
        assert after.content.startswith(last)
        assert before.content.endswith(last)


def test_a_code_block_and_a_table_that_fit_are_kept_whole() -> None:
    code = "\n".join(f"    line_{n} = {n}" for n in range(40))
    table = "\n".join(["| a | b |", "|---|---|", *(f"| {n} | x{n} |" for n in range(60))])

    content = f"{numbered(20)}\n\n```\n{code}\n```\n\n{table}\n\n{numbered(20, 20)}"
    chunks = chunk_document("t", "text/markdown", content)

    assert any(code in chunk.content for chunk in chunks)
    assert any("0 | x0\n" in chunk.content and "59 | x59" in chunk.content for chunk in chunks)


def test_code_that_does_not_fit_is_cut_between_lines() -> None:
    lines = [f"    call_{n}(argument, {n})" for n in range(120)]

    chunks = chunk_document("t", "text/markdown", "```\n" + "\n".join(lines) + "\n```")

    assert [line for chunk in chunks for line in chunk.content.split("\n")] == lines


def test_list_items_stand_on_lines_of_their_own() -> None:
    chunks = chunk_document("t", "text/markdown", "Two things:\n\n- one\n- two\n  - inner\n")

    assert chunks == [TextChunk("", "Two things:\n\n- one\n- two\n  - inner")]


def test_a_page_that_is_mostly_links_has_no_passages() -> None:
    links = "".join(f'<li><a href="p{n}.html">Page number {n}</a></li>' for n in range(12))

    assert chunk_document("Index", "text/html", f"<h1>Index</h1><ul>{links}</ul>") == []


def test_a_table_of_contents_has_no_passages() -> None:
    entries = "\n".join(f"Chapter {n} ........................ {n * 10}" for n in range(1, 20))

    assert chunk_document("Contents", "text/plain", entries) == []


def test_a_section_of_links_is_left_out_and_the_page_is_kept() -> None:
    links = "\n".join(f"- [The page about {n}](p{n}.md)" for n in range(10))
    content = f"# Guide\n\n{numbered(20)}\n\n## See also\n\n{links}\n\n## End\n\nBye.\n"

    places = {chunk.place for chunk in chunk_document("Guide", "text/markdown", content)}

    assert places == {"", "End"}


def test_text_with_links_in_it_is_kept() -> None:
    sentence = "This [word](x) is a link, and all of the others in here are just words. "

    assert chunk_document("t", "text/markdown", sentence * 12)


@pytest.mark.parametrize("content", ["", " \n\t\n", "# Only a heading", "<!-- comment -->"])
def test_a_document_without_text_has_no_passages(content: str) -> None:
    assert chunk_document("t", "text/markdown", content) == []


def test_what_is_embedded_names_title_and_place() -> None:
    assert text_to_embed("Guide", TextChunk("Redis", "Keys.")) == "Guide > Redis\n\nKeys."
    assert text_to_embed("Guide", TextChunk("", "Keys.")) == "Guide\n\nKeys."


@st.composite
def unique_words_document(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Markdown in which no word occurs twice, and its words outside of headings, in order."""
    lengths = st.integers(1, 60)
    blocks, words, counter = [], [], 0
    for _ in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(["paragraph", "code", "item", "heading", "long word"]))
        fresh = [f"w{counter + n}x" for n in range(draw(lengths))]
        counter += len(fresh)
        if kind == "heading":
            blocks.append(f"## {fresh[0]}")
            continue
        if kind == "long word":
            fresh = ["".join(fresh) * draw(st.integers(1, 10))]
        ends = draw(st.lists(st.sampled_from(["", "", ".", "?", ","]), min_size=1, max_size=7))
        fresh = [word + ends[n % len(ends)] for n, word in enumerate(fresh)]
        words += fresh
        text = " ".join(fresh)
        blocks.append(
            {
                "code": "```\n" + text.replace(" ", "\n") + "\n```",
                "item": f"- {text}",
            }.get(kind, text)
        )
    return "\n\n".join(blocks), words


@given(unique_words_document())
def test_chunks_lose_no_text_invent_none_keep_its_order_and_their_bounds(
    document: tuple[str, list[str]],
) -> None:
    content, words = document
    whole = "".join(words)

    chunks = chunk_document("t", "text/markdown", content)

    end = 0
    for chunk in chunks:
        assert 0 < len(chunk.content) <= MOST_CHARACTERS
        text = "".join(chunk.content.replace("- ", " ").split())
        # It begins where the last one ended, or with the sentence that both share.
        begins = [b for b in range(max(0, end - 160), end + 1) if whole.startswith(text, b)]
        assert begins
        end = max(b + len(text) for b in begins)
    assert end == len(whole)
    assert chunk_document("t", "text/markdown", content) == chunks


@given(st.text(), st.integers(1, 50), st.integers(0, 20))
def test_cutting_keeps_every_character_and_the_limit(text: str, limit: int, overlap: int) -> None:
    for pieces in (cut_lines(text, limit), cut_prose(text, limit, 0)):
        assert "".join("".join(pieces).split()) == "".join(text.split())
        assert all(0 < len(piece) <= limit for piece in pieces)
    assert all(0 < len(piece) <= limit for piece in cut_prose(text, limit, overlap))


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("One thing. Two things.", ["One thing.", "Two things."]),
        ('He said "no." Then left.', ['He said "no."', "Then left."]),
        ("E.g. this one. Next one.", ["E.g. this one.", "Next one."]),
        ("短い文です。次の文です。", ["短い文です。", "次の文です。"]),
    ],
)
def test_sentences_end_where_a_reader_says_so(text: str, pieces: list[str]) -> None:
    assert cut_prose(text, max(map(len, pieces)), 0) == pieces
