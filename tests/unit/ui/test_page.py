"""The document that the UI server sends, and its headers."""

import gzip
import json
import re

import pytest
from werkzeug.test import Client

from millstream_ui.app import ASSETS, chat_modules, create_app
from millstream_ui.page import STYLES
from millstream_ui.settings import Settings
from millstream_ui.words import load_words

_SETTINGS = Settings(
    api_url="http://127.0.0.1:9",
    public_api_url="https://api.example.org",
    ui_title="Reading Room",
    ui_suggestions=("</script><script>alert(1)</script>",),
)


@pytest.fixture(scope="module")
def client() -> Client:
    return Client(create_app(_SETTINGS).server)


def _status(client: Client, url: str) -> int:
    with client.get(url) as response:  # a file that is sent stays open until then
        return response.status_code


def _document(client: Client, path: str = "/") -> str:
    return client.get(path).get_data(as_text=True)


@pytest.mark.parametrize("path", ["/", f"/c/conv_{0:032x}"])
def test_each_address_of_the_page_is_the_page(client: Client, path: str) -> None:
    document = _document(client, path)

    assert "<title>Reading Room</title>" in document


def test_everything_comes_from_the_pages_own_server(client: Client) -> None:
    urls = re.findall(r'(?:src|href)="([^"]+)"', _document(client))

    assert urls
    assert [url for url in urls if not url.startswith("/")] == []
    assert [url for url in urls if _status(client, url) != 200] == []


def test_the_policy_allows_own_scripts_and_the_api_only(client: Client) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))

    assert directives["default-src"] == "'none'"
    assert re.fullmatch(r"'self' 'sha256-[A-Za-z0-9+/=]+'", directives["script-src"])
    assert directives["connect-src"] == "'self' https://api.example.org wss://api.example.org"
    assert directives["img-src"] == "'self' data:"
    assert directives["frame-ancestors"] == "'none'"


@pytest.mark.parametrize("path", ["/", "/assets/main.js", "/_dash-layout", "/healthz", "/nothing"])
def test_every_answer_carries_the_policy(client: Client, path: str) -> None:
    with client.get(path) as response:
        headers = response.headers

    assert "Content-Security-Policy" in headers
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_no_setting_can_end_the_script_element_that_carries_it(client: Client) -> None:
    document = _document(client)
    facts = re.search(r'id="millstream-page">(.*?)</script>', document, re.DOTALL)

    assert facts is not None
    assert json.loads(facts[1])["suggestions"] == list(_SETTINGS.ui_suggestions)
    assert "<script>alert" not in document


def test_readers_are_asked_for_when_the_api_is_there(client: Client) -> None:
    assert client.get("/healthz").status_code == 200

    not_ready = client.get("/readyz")

    assert not_ready.status_code == 503
    assert not_ready.get_json() == {"status": "not ready", "api": "ConnectError"}


def test_every_file_of_the_chat_is_named_in_the_document(client: Client) -> None:
    document = _document(client)

    assert {path.name for path in (ASSETS / "style").iterdir()} == set(STYLES)
    assert [name for name in chat_modules() if f"/assets/{name}" not in document] == []


def test_what_a_browser_takes_compressed_is_compressed_and_the_same(client: Client) -> None:
    sent: dict[str, tuple[int, int]] = {}
    for url in re.findall(r'(?:src|href)="(/[^"]+)"', _document(client)):
        with (
            client.get(url) as plain,
            client.get(url, headers={"Accept-Encoding": "br, gzip"}) as packed,
        ):
            data = packed.get_data()
            if packed.headers.get("Content-Encoding") == "gzip":
                assert packed.headers["Vary"] == "Accept-Encoding"
                sent[url] = (len(plain.get_data()), len(data))
                data = gzip.decompress(data)
            assert data == plain.get_data()
            assert "Content-Encoding" not in plain.headers

    before, after = (sum(sizes) for sizes in zip(*sent.values(), strict=True))
    assert before > 2_000_000
    assert after < before * 0.4
    # Dash puts another token into each document.
    document = client.get("/", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(document.get_data()).startswith(b"<!DOCTYPE html>")


def test_a_file_that_has_not_changed_is_not_sent_again(client: Client) -> None:
    accepts = {"Accept-Encoding": "gzip"}
    with client.get("/assets/main.js", headers=accepts) as first:
        etag = first.headers["ETag"]
    with client.get("/assets/main.js", headers={**accepts, "If-None-Match": etag}) as again:
        assert (again.status_code, again.get_data()) == (304, b"")


def test_every_word_is_used_and_every_word_used_is_there() -> None:
    entries = load_words().entries
    sources = [*ASSETS.glob("*.js"), *ASSETS.parent.glob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    strings = set(re.findall(r'["\'`]([a-z_]+)["\'`]', text))
    # These are chosen by what an event or a date says.
    chosen = {f"history_{age}" for age in ("today", "yesterday", "week", "earlier")} | {
        name for name in entries if name.startswith("incomplete_")
    }

    assert set(entries) - strings - chosen == set()
    said = set(re.findall(r'say\(\s*"([a-z_]+)"', text)) | set(
        re.findall(r'words\["([a-z_]+)"\]', text)
    )
    assert said - set(entries) == set()


def test_a_word_with_plural_forms_has_the_other_form() -> None:
    forms = [word for word in load_words().entries.values() if isinstance(word, dict)]

    assert forms
    assert all("other" in word for word in forms)
