"""Builds the Dash app from its settings."""

from pathlib import Path

from dash import Dash

from millstream_ui.callbacks import add_callbacks
from millstream_ui.compression import compress_answers
from millstream_ui.health import add_health
from millstream_ui.layout import build_layout
from millstream_ui.page import build_document
from millstream_ui.security import content_security_policy, protect
from millstream_ui.settings import Settings
from millstream_ui.words import load_words

ASSETS = Path(__file__).parent / "assets"

# Run before the document is parsed, so they are no modules and have their own script elements.
_CLASSIC_SCRIPTS = frozenset({"color-scheme.js", "dash-bridge.js"})
# Fetched when the first code is to be coloured.
_LATE_SCRIPTS = frozenset({"highlight.js"})


def create_app(settings: Settings) -> Dash:
    """Return the page as a Dash app; its ``server`` is the WSGI application."""
    words = load_words()
    app = Dash(
        "millstream_ui",
        title=settings.ui_title,
        update_title="",
        assets_folder=str(ASSETS),
        # The document names its own files: modules must have one URL each, without Dash's ?m=.
        include_assets_files=False,
        index_string=build_document(
            language=words["language"],
            assets_url="/assets",
            modules=chat_modules(),
            facts={
                "apiUrl": settings.browser_api_url,
                "suggestions": settings.ui_suggestions,
                "words": words.entries,
            },
        ),
        serve_locally=True,
    )
    app.layout = build_layout(settings.ui_title, words)
    add_callbacks(app)
    add_health(app.server, settings.api_url)
    compress_answers(app.server)
    protect(app.server, content_security_policy(app.csp_hashes(), settings.browser_api_origin))
    return app


def chat_modules() -> list[str]:
    """Return the scripts that every chat needs, as paths under the assets folder."""
    files = [*ASSETS.glob("*.js"), *ASSETS.glob("vendor/*.js")]
    others = _CLASSIC_SCRIPTS | _LATE_SCRIPTS
    return sorted(path.relative_to(ASSETS).as_posix() for path in files if path.name not in others)
