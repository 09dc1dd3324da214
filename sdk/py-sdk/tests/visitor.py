"""Somebody at a browser in front of the issuer's own pages."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import httpx2

PASSWORD = "blue kettle on tuesday"


class Visitor:
    """Keeps cookies (those of localhost may be Secure without TLS), fills in forms, follows redirects."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._cookies: dict[str, str] = {}
        self._csrf = ""
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
        if found := re.search(r'name="csrf" value="([^"]*)"', answer.text):
            self._csrf = found[1]
        return str(answer.headers.get("location", ""))
