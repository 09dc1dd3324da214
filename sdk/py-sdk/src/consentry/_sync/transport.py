# Made from consentry/_async by tools/generate.py. Do not edit.
"""Sends requests: with a token, a correlation id, a time limit and at most two repetitions."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Protocol, Self

import httpx2

from .. import _http
from .._http import Answer, Request
from ..errors import AuthError
from ._pause import sleep

__all__ = ["Tokens", "Transport"]

TIMEOUT = httpx2.Timeout(20.0, connect=3.0)


class Tokens(Protocol):
    """Where access tokens come from."""

    def headers(
        self,
        transport: Transport,
        audience: str,
        purpose: str | None,
        method: str,
        url: str,
        until: float | None = None,
    ) -> Mapping[str, str]:
        """What authorizes one request: a token for this audience, for this purpose of use where one is named, and the
        proof of the key that it is bound to, if it is. A token is waited for no longer than `until` (monotonic)."""
        ...

    def forget(self, audience: str) -> None:
        """The token for this audience is worth nothing any more."""
        ...


class Transport:
    """One pool of connections."""

    def __init__(self, tokens: Tokens | None, http: httpx2.Client | None = None) -> None:
        self._tokens = tokens
        self._owned = http is None
        self._http = http or httpx2.Client(timeout=TIMEOUT, follow_redirects=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        if self._owned:
            self._http.close()

    @property
    def has_tokens(self) -> bool:
        """Whether there is any way to a token."""
        return self._tokens is not None

    def send(self, request: Request) -> Answer:
        """The answer, or a typed error. An expired or revoked token is replaced once."""
        answer = self._attempts(request)
        if answer.status == 401 and request.audience is not None and self._tokens is not None:
            self._tokens.forget(request.audience)
            # Refused before anything happened, so that even a state change may be sent again.
            answer = self._attempts(request)
        if answer.status < 400 or answer.status in request.accepts:
            return answer
        raise _http.error_of(answer)

    def _attempts(self, request: Request) -> Answer:
        request_id = _http.new_request_id()
        attempt = 0
        while True:
            headers = {**request.headers, _http.CORRELATION: request_id, **self._authorization(request)}
            try:
                with self._http.stream(
                    request.method,
                    request.url,
                    params=tuple(request.params) or None,
                    headers=headers,
                    content=request.content,
                    timeout=_limit(request.until),
                ) as response:
                    content = bytearray()
                    for chunk in response.iter_bytes():
                        content += chunk
                        if len(content) > _http.MAX_BODY:
                            raise _http.too_long(request.url, request_id)
            except httpx2.RequestError as cause:
                if not _http.may_retry(request, None, attempt):
                    raise _http.unreachable(request.url, request_id, cause) from cause
                wait = _http.pause(attempt, None)
            else:
                if not _http.may_retry(request, response.status_code, attempt):
                    known = {name.lower(): value for name, value in response.headers.items()}
                    return Answer(response.status_code, known, bytes(content), request_id)
                wait = _http.pause(attempt, response.headers.get("retry-after"))
            if request.until is not None and time.monotonic() + wait > request.until:
                raise _http.too_late(request.url, request_id)
            attempt += 1
            sleep(wait)

    def _authorization(self, request: Request) -> Mapping[str, str]:
        """New for every attempt: a proof counts once."""
        if request.audience is None:
            return {}
        if self._tokens is None:
            raise AuthError(
                "This needs a token: sign in (`consentry login`), or give the client an `auth`.",
                code="AUTH_SIGN_IN_REQUIRED",
            )
        return self._tokens.headers(self, request.audience, request.purpose, request.method, request.url, request.until)


def _limit(until: float | None) -> httpx2.Timeout:
    if until is None:
        return TIMEOUT
    left = max(until - time.monotonic(), 0.05)
    return httpx2.Timeout(min(left, 20.0), connect=min(left, 3.0))
