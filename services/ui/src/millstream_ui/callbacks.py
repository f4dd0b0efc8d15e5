"""Where Dash and the chat meet; each is a browser-side function in `assets/dash-bridge.js`."""

from dash import ClientsideFunction, Dash, Input, Output

_PATHNAME = Input("location", "pathname")

_CALLBACKS = {
    "navigate": (Output("navigated", "data"), _PATHNAME),
    "sidebar": (Output("shell", "navbar"), Input("menu", "opened")),
    "closeMenu": (Output("menu", "opened"), _PATHNAME),
}


def add_callbacks(app: Dash) -> None:
    """Register the page's callbacks. None of them calls this server."""
    for name, dependencies in _CALLBACKS.items():
        function = ClientsideFunction("millstream", name)
        app.clientside_callback(function, *dependencies)  # type: ignore[no-untyped-call]
