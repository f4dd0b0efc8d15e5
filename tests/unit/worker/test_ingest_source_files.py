"""Which files a path means, and what is read from them."""

import os
from pathlib import Path

import pytest

from millstream_worker.command.source_files import Unreadable, find_files, read_source

LIMIT = 1000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.md", "a.txt", "sub/c.html", "sub/d.HTM", "e.markdown", "f.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("text")
    return tmp_path


def test_a_folder_means_all_readable_kinds_below_it_in_a_fixed_order(folder: Path) -> None:
    found = find_files([folder])

    names = [path.relative_to(folder).as_posix() for path in found.files]
    assert names == ["a.txt", "b.md", "e.markdown", "sub/c.html", "sub/d.HTM"]
    assert found.other_kinds == 1
    assert not found.failed


def test_hidden_files_and_folders_are_reported_and_not_taken(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "x.md").write_text("text")
    (folder / ".draft.md").write_text("text")

    found = find_files([folder])

    assert {path.name for path, _ in found.passed_over} == {".git", ".draft.md"}
    assert len(found.files) == 5


def test_a_hidden_file_that_is_named_itself_is_taken(folder: Path) -> None:
    (folder / ".draft.md").write_text("text")

    assert find_files([folder / ".draft.md"]).files == [folder / ".draft.md"]


def test_a_file_that_is_meant_twice_is_taken_once(folder: Path) -> None:
    found = find_files([folder / "b.md", folder, folder / "sub" / ".." / "b.md"])

    assert [path.name for path in found.files].count("b.md") == 1


@pytest.mark.parametrize("name", ["missing.md", "f.pdf"])
def test_a_named_file_that_is_missing_or_of_another_kind_has_failed(
    folder: Path, name: str
) -> None:
    found = find_files([folder / name])

    assert [path.name for path, _ in found.failed] == [name]


def test_a_link_to_nowhere_has_failed(folder: Path) -> None:
    (folder / "link.md").symlink_to(folder / "nowhere.md")

    assert [path.name for path, _ in find_files([folder]).failed] == ["link.md"]


def test_a_link_that_leads_back_up_is_not_followed(folder: Path) -> None:
    (folder / "sub" / "up").symlink_to(folder)

    assert len(find_files([folder]).files) == 5


@pytest.mark.parametrize(
    ("name", "content", "title"),
    [
        ("x.md", "Intro.\n\n# Heading\n", "Heading"),
        ("x.html", "<title>Page</title><p>Text.</p>", "Page"),
        ("x.txt", "Only text.", "x"),
    ],
)
def test_the_title_is_the_first_heading_or_the_pages_title_or_the_files_name(
    tmp_path: Path, name: str, content: str, title: str
) -> None:
    (tmp_path / name).write_text(content)

    assert read_source(tmp_path / name, LIMIT).title == title


def test_the_source_is_the_same_from_wherever_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.md").write_text("text")

    monkeypatch.chdir(tmp_path)

    assert read_source(Path("x.md"), LIMIT).name == read_source(tmp_path / "x.md", LIMIT).name


@pytest.mark.parametrize("data", [b"\xef\xbb\xbfline\r\nnext\rlast\n", b"line\nnext\nlast\n"])
def test_byte_order_mark_and_line_ends_make_no_difference(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.txt").write_bytes(data)

    assert read_source(tmp_path / "x.txt", LIMIT).content == "line\nnext\nlast\n"


def test_nul_is_replaced_because_postgresql_cannot_hold_it(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"a\0b")

    assert read_source(tmp_path / "x.txt", LIMIT).content == "a\ufffdb"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"caf\xe9", "not UTF-8.*0xe9 at position 3.*save it as UTF-8"),
        (b"\xff\xfeh\0i\0", "not UTF-8"),
        (b" \n\t\n", "empty"),
        (b"", "empty"),
        (b"x" * (LIMIT + 1), "more than 1000 bytes.*--max-bytes"),
    ],
)
def test_a_file_that_cannot_be_ingested_says_why(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "x.txt").write_bytes(data)

    with pytest.raises(Unreadable, match=reason):
        read_source(tmp_path / "x.txt", LIMIT)


def test_a_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"x" * LIMIT)

    assert read_source(tmp_path / "x.txt", LIMIT).content == "x" * LIMIT


def test_a_file_that_vanished_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="No such file"):
        read_source(tmp_path / "x.txt", LIMIT)


def test_a_name_that_is_not_utf_8_is_written_with_escapes(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt"))
    path.write_text("text")

    source = read_source(path, LIMIT)

    assert source.name.endswith("caf\\xe9.txt")
    assert source.title == "caf\\xe9"
