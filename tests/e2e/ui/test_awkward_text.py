"""Any text a model may send is exactly what the page holds."""

import pytest

from bench.scripted_model.script import Script
from tests.e2e.ui.chat_page import ChatPage
from tests.harness.stack import Stack
from tests.integration.whole.test_awkward_tokens import TOKENS


@pytest.mark.parametrize("name", TOKENS)
def test_awkward_text_is_exact_on_the_page(name: str, chat: ChatPage, stack: Stack) -> None:
    script = "page-" + name.replace(" ", "-")
    stack.model.script(script, TOKENS[name])
    spelled = "".join(TOKENS[name]).encode("utf-16-le", "surrogatepass").decode("utf-16-le")

    chat.ask(f"What is awkward? {Script(name=script).directive()}")
    chat.wait_until("completed")

    assert chat.shown()[-1]["text"] == spelled
