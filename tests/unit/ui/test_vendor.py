"""The third-party files that the page carries."""

import hashlib
import json
from typing import Any

import pytest

from millstream_ui.app import ASSETS

_VENDOR = ASSETS / "vendor"
_MANIFEST: dict[str, Any] = json.loads((_VENDOR / "manifest.json").read_text(encoding="utf-8"))
_ENTRIES: list[dict[str, str]] = _MANIFEST["files"]
_PERMISSIVE = {"MIT", "BSD-3-Clause", "MPL-2.0 OR Apache-2.0", "OFL-1.1"}


@pytest.mark.parametrize("entry", _ENTRIES, ids=lambda entry: entry["file"])
def test_a_vendored_file_is_the_one_the_manifest_names(entry: dict[str, str]) -> None:
    data = (_VENDOR / entry["file"]).read_bytes()

    assert hashlib.sha256(data).hexdigest() == entry["sha256"]


@pytest.mark.parametrize("entry", _ENTRIES, ids=lambda entry: entry["file"])
def test_a_vendored_file_says_where_it_is_from_and_may_be_used(entry: dict[str, str]) -> None:
    assert entry["licence"] in _PERMISSIVE
    assert (_VENDOR / entry["licence_file"]).read_text(encoding="utf-8").strip()
    assert entry["package"]
    assert entry["version"]
    assert entry["path_in_package"]


def test_nothing_is_vendored_without_an_entry() -> None:
    named = {entry[key] for entry in _ENTRIES for key in ("file", "licence_file")}

    assert {path.name for path in _VENDOR.iterdir()} == named | {"manifest.json"}


@pytest.mark.parametrize("name", ["markdown-it.js", "dompurify.js", "highlight.js"])
def test_a_vendored_script_has_the_version_that_the_manifest_says(name: str) -> None:
    entry = next(entry for entry in _ENTRIES if entry["file"] == name)
    head = (_VENDOR / name).read_text(encoding="utf-8")[:200]

    assert entry["version"] in head
