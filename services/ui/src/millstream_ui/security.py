"""The headers that keep the page from running, loading or sending what is not its own."""

from collections.abc import Callable, Sequence

from flask import Flask, Response


def content_security_policy(script_hashes: Sequence[str], api_origin: str) -> str:
    """Return the policy: everything from the page's own origin, and talk to the API only.

    script_hashes: Dash's one inline script, as ``'sha256-...'``. api_origin: empty when the API
    shares the page's origin.
    """
    directives = {
        "default-src": ["'none'"],
        "script-src": ["'self'", *script_hashes],
        # Mantine writes its theme as <style> elements and Dash gives no way to hand it a nonce.
        # What a model writes can carry no style: the page's own sanitizer drops it.
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'", *_http_and_socket(api_origin)],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(values)}" for name, values in directives.items())


def _http_and_socket(origin: str) -> list[str]:
    return [origin, origin.replace("http", "ws", 1)] if origin else []


def protect(server: Flask, policy: str) -> None:
    """Send the policy and its companions with every answer of ``server``."""
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    server.after_request(_add(headers))


def _add(headers: dict[str, str]) -> Callable[[Response], Response]:
    def add(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response

    return add
