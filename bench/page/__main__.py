"""``python -m bench.page``: the page's own stream reader beside dash-extensions' component, and the
whole page with a long answer. Takes some two minutes; prints JSON.
"""

import argparse
import json
import os
import sys
from contextlib import ExitStack
from typing import Any

from playwright.sync_api import sync_playwright

from bench.__main__ import running_product
from bench.page.feeders import measure_component, measure_ours
from bench.page.paced import running_stream
from bench.page.whole import measure_page
from tests.browser import FLAGS, find_chromium


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.page", description=__doc__)
    parser.add_argument("--tokens", type=int, default=4_000, help="of the long answer")
    parser.add_argument("--no-page", action="store_true", help="leave out the whole page")
    options = parser.parse_args()
    with ExitStack() as ends:
        playwright = ends.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        ends.callback(browser.close)
        stream = ends.enter_context(running_stream())
        results: dict[str, Any] = {
            "chromium": browser.version,
            "cores": os.cpu_count(),
            "load_before": round(os.getloadavg()[0], 1),
            "tokens": options.tokens,
            "ours": measure_ours(browser, stream, options.tokens),
            "dash_extensions": measure_component(browser, stream, options.tokens),
        }
        if not options.no_page:
            stack = ends.enter_context(running_product())
            ui = ends.enter_context(stack.ui())
            results["page"] = measure_page(browser, stack, ui.url, options.tokens)
    sys.stdout.write(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
