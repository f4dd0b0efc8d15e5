"""Every relative link, anchor, test path and file name of every document leads somewhere."""

import re
import subprocess
import unicodedata
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

_FIGURES = ROOT / "docs/bench"
"""Not there before `make bench` has kept its first results."""

_FENCED = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)")
_TEST_PATH = re.compile(r"`(tests/[^`\s]*)`")
_FILE_NAME = re.compile(r"`([\w./-]+\.(?:py|js|css|lua|sql|toml|yml|conf))`")


def _listed(pattern: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", pattern], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).exists()]


def _documents() -> list[Path]:
    return _listed("*.md")


@cache
def _is_file(name: str) -> bool:
    """Tell whether a file of the repository has this name, or a path that ends so."""
    return any(path.as_posix().endswith("/" + name) for path in _listed("*"))


def _is_elsewhere(target: str) -> bool:
    return re.match(r"[a-z][a-z0-9+.-]*:|//", target) is not None


@cache
def _prose(path: Path) -> str:
    return _FENCED.sub("", path.read_text("utf-8"))


@cache
def _anchors(path: Path) -> frozenset[str]:
    """The names that a page of the repository gives its headings."""
    found: list[str] = []
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", _prose(path), re.MULTILINE):
        shown = _LINK.sub(lambda link: link[0][1:].partition("]")[0], heading)
        kept = (one for one in shown.lower() if one in " -_" or _is_word(one))
        name = "".join(kept).replace(" ", "-")
        repeats = sum(re.fullmatch(rf"{re.escape(name)}(-\d+)?", one) is not None for one in found)
        found.append(f"{name}-{repeats}" if repeats else name)
    return frozenset(found)


def _is_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNM"


def _broken(document: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    path = (document.parent / name).resolve() if name else document
    if path.is_relative_to(_FIGURES) and not (_FIGURES / "results.json").exists():
        return False
    if not path.exists() or not path.is_relative_to(ROOT):
        return True
    return bool(anchor) and (path.suffix != ".md" or anchor not in _anchors(path))


DOCUMENTS = [pytest.param(path, id=str(path.relative_to(ROOT))) for path in _documents()]
# PostgreSQL's pages name files of PostgreSQL.
OURS = [document for document in DOCUMENTS if "/corpus/postgresql/" not in str(document.id)]


def test_there_are_documents() -> None:
    assert ROOT / "README.md" in _documents()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_relative_link_and_anchor_leads_somewhere(document: Path) -> None:
    targets = [target for target in _LINK.findall(_prose(document)) if not _is_elsewhere(target)]

    assert [target for target in targets if _broken(document, target)] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_test_that_is_named_is_there(document: Path) -> None:
    named = _TEST_PATH.findall(_prose(document))

    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", OURS)
def test_every_file_that_is_named_is_there(document: Path) -> None:
    named = _FILE_NAME.findall(_prose(document))

    assert [name for name in named if not _is_file(name)] == []
