"""What is left of a document when its markup is gone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millstream_worker.ingesting.blocks import Block, Heading
from millstream_worker.ingesting.html_reader import read_html
from millstream_worker.ingesting.markdown_reader import read_markdown
from millstream_worker.ingesting.reading import read_document
from millstream_worker.ingesting.text_reader import read_text


def texts(parts: tuple[Heading | Block, ...]) -> list[str]:
    return [part.text for part in parts]


def test_html_keeps_headings_paragraphs_code_and_tables_in_their_order() -> None:
    page = """<html><head><title>A page</title></head><body>
      <h1>Logs</h1><p>A log is <b>kept</b>.</p>
      <pre>def f():\n    return 1\n</pre>
      <table><tr><th>key</th><th>life</th></tr><tr><td>log</td><td>1 h</td></tr></table>
      <p>The end.</p></body></html>"""

    document = read_html(page)

    assert document.title == "Logs"
    assert document.parts == (
        Heading(1, "Logs"),
        Block("A log is kept."),
        Block("def f():\n    return 1", "lines"),
        Block("key | life\nlog | 1 h", "lines"),
        Block("The end."),
    )


def test_html_leaves_out_what_is_not_text_for_a_reader() -> None:
    page = """<body><nav><a href="/">Home</a></nav><style>p { color: red }</style>
      <script>alert(1)</script><!-- a comment --><template>t</template>
      <p hidden>not shown</p><div role="navigation">menu</div><p>Shown.</p>
      <footer>Imprint</footer></body>"""

    assert texts(read_html(page).parts) == ["Shown."]


def test_html_reads_only_the_main_part_of_a_page_that_names_it() -> None:
    page = "<div>Sidebar</div><main><h2>Topic</h2><p>Body.</p></main><div>Advertisement</div>"

    assert texts(read_html(page).parts) == ["Topic", "Body."]


@pytest.mark.parametrize("mark", ["¶", "#", ""])
def test_html_headings_lose_their_permalinks(mark: str) -> None:
    heading = f'<h2>Cancel<a class="headerlink" href="#cancel">{mark}</a></h2>'

    assert read_html(heading).parts == (Heading(2, "Cancel"),)


def test_html_lists_become_items_as_deep_as_they_are_nested() -> None:
    page = "<ul><li>one<ul><li>inner</li></ul></li><li><p>two</p><p>more of it</p></li></ul>"

    parts = read_html(page).parts

    assert parts == (
        Block("- one", "item"),
        Block("  - inner", "item"),
        Block("- two", "item"),
        Block("more of it"),
    )


def test_html_without_closing_tags_is_read_the_same() -> None:
    parts = read_html("<ul><li>a<li>b</ul><p>one<p>two<table><tr><td>x<td>y</table>").parts

    assert texts(parts) == ["- a", "- b", "one", "two", "x | y"]


def test_html_without_a_closed_head_keeps_its_text() -> None:
    document = read_html("<html><head><title>Named</title><body><p>Text.</p></html>")

    assert (document.title, texts(document.parts)) == ("Named", ["Text."])


def test_html_words_of_neighbouring_blocks_never_run_together() -> None:
    parts = read_html("<div>one<div>two</div>three<nav>x</nav>four<p>five</p>six</div>").parts

    assert texts(parts) == ["one", "two", "three", "four", "five", "six"]


def test_html_counts_its_links() -> None:
    (block,) = read_html(
        '<p>See <a href="x">the <b>log</b></a> and <a href="y">keys</a>.</p>'
    ).parts

    assert isinstance(block, Block)
    assert (block.links, block.link_characters) == (2, len("the" + "log" + "keys"))


def test_html_that_nests_without_limit_is_read() -> None:
    page = "<div>" * 5000 + "deep" + "</div>" * 5000

    assert texts(read_html(page).parts) == ["deep"]


def test_markdown_is_read_as_its_reader_sees_it() -> None:
    document = read_markdown(
        "# Token *log*\n\nAppend, `XADD`, [publish](http://x/y).\n\n```lua\nreturn  1\n```\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n> Quoted.\n\n1. first\n2. second\n"
    )

    assert document.title == "Token log"
    assert texts(document.parts) == [
        "Token log",
        "Append, XADD, publish.",
        "return  1",
        "a | b\n1 | 2",
        "Quoted.",
        "- first",
        "- second",
    ]


def test_markdown_takes_its_title_from_front_matter_and_leaves_the_rest_of_it_out() -> None:
    document = read_markdown('---\ntitle: "The log"\ntags: [a]\n---\n# Other\n\nText.\n')

    assert document.title == "The log"
    assert texts(document.parts) == ["Other", "Text."]


def test_markdown_that_begins_with_a_rule_has_no_front_matter() -> None:
    assert texts(read_markdown("---\nplain words\n---\nText.").parts) == ["plain words", "Text."]


@pytest.mark.parametrize("name", ["<script>", "<name>", "<title>", "<textarea>"])
def test_markdown_that_speaks_of_a_tag_loses_nothing(name: str) -> None:
    parts = read_markdown(f"Use {name} here.\n\nAnd go on.").parts

    assert texts(parts) == [f"Use {name} here.", "And go on."]


def test_markdown_with_html_that_stays_open_loses_nothing_behind_it() -> None:
    parts = read_markdown("<details>\n<summary>More</summary>\n\nInside.\n\n</details>\n\nAfter.")

    assert texts(parts.parts) == ["More", "Inside.", "After."]


def test_plain_text_is_paragraphs_and_underlined_headings() -> None:
    document = read_text("Title\n=====\n\nFirst line\nsecond line.\n \n\nNext\n----\nBody.\n")

    assert document.title == "Title"
    assert document.parts == (
        Heading(1, "Title"),
        Block("First line\nsecond line."),
        Heading(2, "Next"),
        Block("Body."),
    )


def test_plain_text_that_is_laid_out_keeps_its_spaces() -> None:
    (block,) = read_text("name     life\nlog      1 h\n    indented").parts

    assert block == Block("name     life\nlog      1 h\n    indented", "lines")


def test_a_media_type_that_nobody_reads_is_named() -> None:
    with pytest.raises(ValueError, match="application/pdf"):
        read_document("application/pdf", "text")


WORDS = st.text("abcdefgh", min_size=1, max_size=8)
INLINE = st.lists(WORDS, min_size=1, max_size=6).map(" ".join)


@st.composite
def html_and_words(draw: st.DrawFn, depth: int = 0) -> tuple[str, list[str]]:
    """A tree of blocks, and the words that a reader sees, in order."""
    page, words = "", []
    for _ in range(draw(st.integers(1, 4))):
        text = draw(INLINE)
        kind = draw(st.sampled_from(["p", "div", "pre", "td", "li", "h3", "b", "nest", "nest"]))
        if kind == "nest" and depth < 3:
            inner, inner_words = draw(html_and_words(depth=depth + 1))
            outside = draw(st.sampled_from(["div", "section", "blockquote", "ul", "li", "em", "a"]))
            page += f"<{outside}>{inner}</{outside}>"
            words += inner_words
            continue
        # A bold word that touches its neighbour is one word with it, as in a browser.
        page += {
            "td": f"<table><tr><td>{text}</td></tr></table>",
            "b": f" <b>{text}</b> ",
            "nest": f" {text} ",
        }.get(kind, f"<{kind}>{text}</{kind}>")
        words += text.split()
    return page, words


@given(html_and_words())
def test_html_loses_no_word_invents_none_and_keeps_their_order(
    page_and_words: tuple[str, list[str]],
) -> None:
    page, words = page_and_words

    read = " ".join(texts(read_html(page).parts)).replace("- ", " ").split()

    assert read == words


@pytest.mark.parametrize("markup", ["<![0", "<![unknown[", "<![ >"])
def test_markup_that_the_parser_rejects_is_read_as_text(markup: str) -> None:
    page = f"<h1>Logs</h1><p>A log holds frames {markup}</p>"

    read = read_document("text/html", page)

    assert read.title == "Logs"
    assert any("A log holds frames <![" in text for text in texts(read.parts))


@given(st.text())
def test_plain_text_loses_nothing_but_white_space(content: str) -> None:
    parts = read_text(content).parts
    underlines = sum(isinstance(part, Heading) for part in parts)

    read = "".join("".join(texts(parts)).split())

    if underlines == 0:
        assert read == "".join(content.split())


@given(st.one_of(st.text(), st.text("<>/!-abhp1=\"' &;#`*_[]()\n|~")))
def test_no_text_breaks_a_reader(content: str) -> None:
    for media_type in ("text/html", "text/markdown", "text/plain"):
        read_document(media_type, content)
