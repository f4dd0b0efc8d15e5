"""What Dash draws: theme, header, sidebar, the passage drawer, and an empty place for the chat.

The chat itself (questions, answers, question box) is drawn by `assets/`, so that a token never
waits for a callback.
"""

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from millstream_ui.words import Words

_SIDEBAR_PIXELS = 280
_HEADER_PIXELS = 56

# From light to dark: the green-blue of a mill stream.
_STREAM = [
    "#eef7f6", "#dcecea", "#b7d8d5", "#8fc3be", "#6db1ab",
    "#57a69f", "#4a9f98", "#388780", "#2a7771", "#1a645f",
]  # fmt: skip

THEME = {
    "primaryColor": "stream",
    "primaryShade": {"light": 8, "dark": 5},
    "colors": {"stream": _STREAM},
    "fontFamily": "var(--font-text)",
    "fontFamilyMonospace": "var(--font-code)",
    "defaultRadius": "md",
    "cursorType": "pointer",
    "respectReducedMotion": True,
}


def build_layout(title: str, words: Words) -> dmc.MantineProvider:
    """Return the whole page."""
    return dmc.MantineProvider(
        id="theme",
        theme=THEME,
        defaultColorScheme="auto",
        children=[
            html.A(words["skip_to_question"], href="#question", className="skip-link"),
            dcc.Location(id="location", refresh="callback-nav"),
            dcc.Store(id="navigated"),
            dmc.AppShell(
                id="shell",
                header={"height": {"base": _HEADER_PIXELS, "sm": 0}},
                navbar={
                    "width": _SIDEBAR_PIXELS,
                    "breakpoint": "sm",
                    "collapsed": {"mobile": True},
                },
                padding=0,
                children=[_header(title, words), _sidebar(title, words), _main()],
            ),
            _passage_drawer(words),
        ],
    )


def _header(title: str, words: Words) -> dmc.AppShellHeader:
    """Return the phone's header; wide screens have all of it in the sidebar."""
    return dmc.AppShellHeader(
        hiddenFrom="sm",
        className="top-bar",
        children=[
            dmc.Burger(id="menu", opened=False, size="sm", **{"aria-label": words["open_menu"]}),
            _brand(title),
            _new_chat_icon(words),
        ],
    )


def _sidebar(title: str, words: Words) -> dmc.AppShellNavbar:
    named: dict[str, Any] = {"aria-label": words["history"]}
    return dmc.AppShellNavbar(
        id="sidebar",
        className="sidebar",
        children=[
            dmc.Box(visibleFrom="sm", className="sidebar-head", children=_brand(title)),
            dcc.Link(
                [html.Span(className="icon icon-plus"), html.Span(words["new_chat"])],
                href="/",
                id="new-chat",
                className="new-chat",
            ),
            html.Nav(id="history-list", className="history", **named),
            html.Div(
                className="sidebar-foot",
                children=dmc.ColorSchemeToggle(
                    lightIcon=html.Span(className="icon icon-moon"),
                    darkIcon=html.Span(className="icon icon-sun"),
                    variant="subtle",
                    color="gray",
                    size="lg",
                    **{"aria-label": words["switch_theme"]},
                ),
            ),
        ],
    )


def _main() -> dmc.AppShellMain:
    return dmc.AppShellMain(
        className="main",
        children=html.Div(id="chat", className="chat"),
    )


def _passage_drawer(words: Words) -> dmc.Drawer:
    return dmc.Drawer(
        id="passage",
        position="right",
        size="28rem",
        opened=False,
        title="",
        padding="lg",
        lockScroll=False,
        closeButtonProps={"aria-label": words["close"]},
        overlayProps={"backgroundOpacity": 0.25},
        children=html.Div(id="passage-body"),
    )


def _brand(title: str) -> dcc.Link:
    return dcc.Link(
        [html.Span(className="brand-mark"), html.Span(title)], href="/", className="brand"
    )


def _new_chat_icon(words: Words) -> dcc.Link:
    return dcc.Link(
        html.Span(className="icon icon-plus"),
        href="/",
        className="icon-link",
        title=words["new_chat"],
    )
