"""Where a browser comes back to after signing in, for command lines (RFC 8252): a listener on this machine, once."""

from __future__ import annotations

import http.server
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from .errors import AuthError, ValidationError
from .oauth import AuthorizationRequest

__all__ = ["receive_code"]

_PAGE = b"""<!doctype html><meta charset=utf-8><title>Signed in</title>
<p style="font:1.1rem system-ui;margin:3rem">You can close this window and go back to the terminal.</p>"""


def receive_code(request: AuthorizationRequest, open_browser: Callable[[str], object], timeout: float = 300) -> str:
    """Shows the sign-in page by `open_browser` and waits for the code. Nothing listens afterwards."""
    target = urlsplit(request.redirect_uri)
    if target.scheme != "http" or target.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise ValidationError(
            "The redirect URI must be a loopback address, for example http://127.0.0.1:8976/callback.",
            code="INVALID_REQUEST",
        )
    answers: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            expected = urlsplit(self.path).path == (target.path or "/")
            # A browser also asks for an icon, and whoever is on this machine may ask for anything.
            self.send_response(200 if expected else 404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if expected:
                self.wfile.write(_PAGE)
                answers.append(self.path)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the path holds the code."""

    try:
        server = http.server.HTTPServer(("127.0.0.1", target.port or 80), Handler)
    except OSError as fault:
        raise ValidationError(
            f"Cannot listen on port {target.port} for the sign-in ({fault.strerror}). Is another sign-in open?",
            code="INVALID_REQUEST",
        ) from None
    with server:
        open_browser(request.url)
        ends = time.monotonic() + timeout
        while not answers:
            left = ends - time.monotonic()
            if left <= 0:
                raise AuthError("Nobody signed in in time.", code="AUTH_SIGN_IN_REQUIRED")
            server.timeout = min(left, 1.0)
            server.handle_request()
    return request.code_from(answers[0])
