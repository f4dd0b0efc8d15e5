"""A small OpenID provider: it publishes keys, and signs tokens as a test wants them."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

ISSUER = "https://login.example"
AUDIENCE = "millstream"


class SigningKey:
    """A key pair, and its id."""

    def __init__(self, key_id: str) -> None:
        self.id = key_id
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def published(self) -> dict[str, Any]:
        """Give the public half as providers publish it."""
        shown: dict[str, Any] = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**shown, "kid": self.id, "use": "sig", "alg": "RS256"}


class Provider:
    """Publishes `keys` at `jwks_url`; a test may change them, or let it fail."""

    def __init__(self) -> None:
        self.keys = [SigningKey("first")]
        self.is_away = False
        self.requests = 0
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.requests += 1
                self.send_response(503 if provider.is_away else 200)
                self.end_headers()
                if not provider.is_away:
                    published = [key.published() for key in provider.keys]
                    self.wfile.write(json.dumps({"keys": published}).encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def jwks_url(self) -> str:
        """Where the keys are."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/keys"

    def settings(self) -> dict[str, str]:
        """Give the settings of an API that trusts this provider."""
        return {
            "MILLSTREAM_AUTH_MODE": "oidc",
            "MILLSTREAM_OIDC_ISSUER": ISSUER,
            "MILLSTREAM_OIDC_AUDIENCE": AUDIENCE,
            "MILLSTREAM_OIDC_JWKS_URL": self.jwks_url,
        }

    def token(
        self,
        user: str,
        key: SigningKey | None = None,
        headers: dict[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """Sign a token; a claim of None is left out."""
        key = key or self.keys[0]
        now = int(time.time())
        whole = {"sub": user, "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 600}
        kept = {name: value for name, value in {**whole, **claims}.items() if value is not None}
        return jwt.encode(kept, key.private, "RS256", {"kid": key.id, **(headers or {})})

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        """Give the provider, which serves already."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.close()
