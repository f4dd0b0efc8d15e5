"""A browser in front of a real stack, whose model says what the pictures need."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from playwright.sync_api import sync_playwright

from bench.scripted_model.client import ScriptedModel
from bench.scripted_model.script import Script
from tests.browser import FLAGS, find_chromium
from tests.e2e.ui.chat_page import ChatPage
from tests.harness.postgres import PostgresServer
from tests.harness.services import migrate, start_ui
from tests.harness.stack import Backends, Stack, running_stack
from tests.harness.valkey import ValkeyServer
from tests.screenshots import content
from tests.screenshots.pictures import save_still

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

_WIDE = (1280, 880)
_PHONE = (390, 800)


def tokens(text: str) -> tuple[str, ...]:
    """Cut a text as a model would."""
    return tuple(re.findall(r"\s*\S+|\s+$", text))


@dataclass
class Studio:
    """Takes pictures of the page and keeps them in a folder."""

    stack: Stack
    browser: "Browser"
    url: str
    folder: Path

    def tab(self, scheme: Literal["light", "dark"] = "light", phone: bool = False) -> ChatPage:
        """Open the page in a profile of its own."""
        width, height = _PHONE if phone else _WIDE
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=2 if phone else 1,
            has_touch=phone,
            is_mobile=phone,
            color_scheme=scheme,
        )
        chat = ChatPage(context.new_page(), self.url).open()
        chat.page.wait_for_selector(".history-group", state="attached")
        return chat

    def ask(self, chat: ChatPage, question: str, script: Script | None) -> ChatPage:
        """Ask what a reader would; the model gets the script behind it."""
        chat.page.unroute_all()

        def with_script(route: "Route") -> None:
            if script is None or route.request.method != "POST":
                return route.continue_()
            body = json.loads(route.request.post_data or "{}")
            body["input"] += f" {script.directive()}"
            return route.continue_(post_data=json.dumps(body))

        if script:
            chat.page.route("**/v1/responses", with_script)
        with chat.page.expect_response("**/v1/responses"):
            chat.ask(question)
        return chat

    def name(self, chat: ChatPage, title: str) -> None:
        """Give the conversation the title that its question would have without the script."""
        with self.stack.client() as client:
            client.http.post(f"/v1/conversations/{chat.conversation_id}", json={"title": title})
        # As another tab would tell.
        told = "new BroadcastChannel('millstream-conversations').postMessage({ conversation: '' })"
        with chat.page.expect_response("**/v1/conversations?*"):
            chat.page.evaluate(told)

    def close(self, chat: ChatPage) -> None:
        """Close a tab, and forget its conversation."""
        with self.stack.client() as client:
            client.http.delete(f"/v1/conversations/{chat.conversation_id}")
        chat.page.context.close()

    def shoot(self, page: "Page", name: str) -> Path:
        """Take one picture."""
        page.wait_for_timeout(400)  # what slides and fades has arrived
        return save_still(page.screenshot(), self.folder / f"{name}.png")


@contextmanager
def open_studio(folder: Path) -> Iterator[Studio]:
    """Start everything, with the documents of `content`."""
    with ExitStack() as ends:
        postgres = ends.enter_context(PostgresServer())
        valkey = ends.enter_context(ValkeyServer())
        model = ends.enter_context(ScriptedModel.start())
        database_url = postgres.url(postgres.create_database())
        migrate(database_url)
        content.load(database_url)
        stack = ends.enter_context(running_stack(Backends(database_url, valkey.url(), model)))
        with stack.client() as client:
            content.add_history(client, database_url)
        suggestions = {"MILLSTREAM_UI_SUGGESTIONS": "|".join(content.SUGGESTIONS)}
        ui = start_ui(stack.api_url, suggestions, stack.ui_port)
        ends.callback(ui.process.stop)
        playwright = ends.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        ends.callback(browser.close)
        folder.mkdir(parents=True, exist_ok=True)
        yield Studio(stack, browser, ui.url, folder)
