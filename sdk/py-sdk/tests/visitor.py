"""Somebody at a browser in front of the issuer's own pages."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import re
import time
from urllib.parse import urlsplit

import httpx2

PASSWORD = "blue kettle on tuesday"


class Visitor:
    """Keeps cookies (those of localhost may be Secure without TLS), fills in forms, follows redirects."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._cookies: dict[str, str] = {}
        self._csrf = ""
        self._page = ""
        self._http = httpx2.Client(timeout=20, follow_redirects=False)

    def leaves(self) -> None:
        """Closes the browser."""
        self._http.close()

    def enrols(self, code: str, name: str) -> None:
        """Makes an account with a one-time code."""
        self.get("/enrol")
        assert self.post("/enrol", code=code) == "/enrol/name"
        self.get("/enrol/name")
        self.post("/enrol/name", login=name)
        self.get("/enrol/password")
        assert self.post("/enrol/password", password=PASSWORD, repeat=PASSWORD) == "/account?done=enrolled"

    def opens(self, url: str) -> None:
        """A link that leads back to an app in the end."""
        for _ in range(6):
            url = self.get(url)
            if not url:
                return

    def signs_in_twofold(self, url: str, name: str) -> str:
        """Signs in by name and password at a page that an app sent them to, and sets up an authenticator app. Where
        they are sent back to."""
        self.follows(self.get(url))
        self.follows(self.post(self._find('action="'), login=name, password=PASSWORD))
        self.get("/account/app" + self._find('href="/account/app'))
        code = one_time_password(self._find("<code>", "</code>").replace(" ", ""))
        self.follows(self.post(self._find('action="'), code=code))
        return self.follows(self.get("/oauth2/authorize" + self._find('href="/oauth2/authorize')))

    def follows(self, location: str) -> str:
        """Follows the issuer's own redirects."""
        for _ in range(5):
            if not location.startswith("/"):
                break
            location = self.get(location)
        return location

    def _find(self, start: str, end: str = '"') -> str:
        assert start in self._page, f"the page has no {start}"
        return html.unescape(self._page.split(start, 1)[1].split(end, 1)[0])

    def get(self, url: str) -> str:
        return self._send("GET", url, None)

    def post(self, url: str, **fields: str) -> str:
        return self._send("POST", url, fields | {"csrf": self._csrf})

    def _send(self, method: str, url: str, fields: dict[str, str] | None) -> str:
        """Where it leads to."""
        whole = url if urlsplit(url).scheme else self._issuer + url
        headers = {}
        if whole.startswith(self._issuer):
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
            if method == "POST":
                headers["origin"] = self._issuer
        answer = self._http.request(method, whole, data=fields, headers=headers)
        for cookie in answer.headers.get_list("set-cookie"):
            name, _, value = cookie.split(";")[0].partition("=")
            self._cookies[name] = value
        self._page = answer.text
        if found := re.search(r'name="csrf" value="([^"]*)"', answer.text):
            self._csrf = found[1]
        return str(answer.headers.get("location", ""))


def one_time_password(secret: str) -> str:
    """Six digits of an authenticator app (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, int(time.time() // 30).to_bytes(8, "big"), hashlib.sha1).digest()
    offset = mac[-1] & 15
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"
