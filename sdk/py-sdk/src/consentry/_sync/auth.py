# Made from consentry/_async by tools/generate.py. Do not edit.
"""Tokens: of machines by client_credentials with a signed assertion, of people by what they signed in for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from .. import oauth
from .._http import Request
from ..errors import AuthError, ConsentryError
from ._pause import Lock
from .transport import Transport

__all__ = ["ClientCredentials", "Session", "StaticTokens"]


def ask(transport: Transport, issuer: str, form: Mapping[str, str]) -> oauth.Token:
    """Asks a token endpoint. Never repeated: codes, refresh tokens and assertions count once."""
    request = Request(
        "POST",
        f"{issuer}/oauth2/token",
        headers={"content-type": "application/x-www-form-urlencoded"},
        content=urlencode(form).encode(),
    )
    try:
        answer = transport.send(request)
    except ConsentryError as fault:
        if fault.status not in (400, 401, 403):
            raise
        raise AuthError(
            f"The issuer gave no token: {fault.message}",
            code="AUTH_REFUSED",
            request_id=fault.request_id,
            status=fault.status,
        ) from fault
    return oauth.Token.from_answer(answer.json())


class ClientCredentials:
    """A machine's tokens: client_credentials with private_key_jwt (ES256), one for each service."""

    def __init__(self, issuer: str, client_id: str, private_jwk: Mapping[str, Any] | str, scope: str) -> None:
        self._issuer = issuer.rstrip("/")
        self._client_id = client_id
        self._jwk = private_jwk
        self._scope = scope
        self._kept: dict[tuple[str, str | None], oauth.Token] = {}
        self._lock = Lock()

    def token(self, transport: Transport, audience: str, purpose: str | None = None) -> str:
        """A token for this audience: the one before while it holds."""
        with self._lock:
            kept = self._kept.get((audience, purpose))
            if kept is None or not kept.is_fresh():
                endpoint = f"{self._issuer}/oauth2/token"
                wish = {} if purpose is None else {"purpose_of_use": purpose}
                kept = ask(
                    transport,
                    self._issuer,
                    wish
                    | {
                        "grant_type": "client_credentials",
                        "client_assertion_type": oauth.ASSERTION_TYPE,
                        "client_assertion": oauth.client_assertion(self._client_id, self._jwk, endpoint),
                        "scope": self._scope,
                        "resource": audience,
                    },
                )
                self._kept[audience, purpose] = kept
            return kept.value

    def forget(self, audience: str) -> None:
        """Asks anew next time."""
        with self._lock:
            for key in [key for key in self._kept if key[0] == audience]:
                del self._kept[key]


class Session:
    """A person's tokens, one for each service they signed in for, refreshed as long as the sign-in lasts.

    `on_change` is told whenever tokens change, so that they can be kept: a refresh token works once.
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        tokens: Mapping[str, oauth.Token],
        on_change: Callable[[Mapping[str, oauth.Token]], None] | None = None,
    ) -> None:
        self._issuer = issuer.rstrip("/")
        self._client_id = client_id
        self._kept = dict(tokens)
        self._on_change = on_change
        self._lock = Lock()

    def redeem(self, transport: Transport, request: oauth.AuthorizationRequest, code: str) -> None:
        """Takes the code that a sign-in came back with."""
        with self._lock:
            self._keep(request.resource, ask(transport, self._issuer, request.form(code)))

    def token(self, transport: Transport, audience: str, purpose: str | None = None) -> str:
        """A token for this audience; refreshed if it is over."""
        with self._lock:
            kept = self._kept.get(audience)
            if kept is None:
                raise AuthError(f"Nobody is signed in for {audience}. Sign in.", code="AUTH_SIGN_IN_REQUIRED")
            if not kept.is_fresh():
                kept = self._refresh(transport, audience, kept)
            return kept.value

    def _refresh(self, transport: Transport, audience: str, kept: oauth.Token) -> oauth.Token:
        if kept.refresh_token is None:
            raise AuthError("The sign-in is over. Sign in again.", code="AUTH_SIGN_IN_REQUIRED")
        form = {
            "grant_type": "refresh_token",
            "client_id": self._client_id,
            "refresh_token": kept.refresh_token,
        }
        fresh = ask(transport, self._issuer, form)
        self._keep(audience, fresh)
        return fresh

    def _keep(self, audience: str, token: oauth.Token) -> None:
        self._kept[audience] = token
        if self._on_change is not None:
            self._on_change(dict(self._kept))

    def forget(self, audience: str) -> None:
        """The access token is over; what refreshes it is not."""
        with self._lock:
            kept = self._kept.get(audience)
            if kept is not None:
                self._kept[audience] = oauth.Token(kept.value, time.time(), kept.scope, kept.refresh_token)


class StaticTokens:
    """Tokens that somebody else looks after, by audience."""

    def __init__(self, tokens: Mapping[str, str]) -> None:
        self._tokens = dict(tokens)

    def token(self, transport: Transport, audience: str, purpose: str | None = None) -> str:
        """The one for this audience."""
        if audience not in self._tokens:
            raise AuthError(f"There is no token for {audience}.", code="AUTH_SIGN_IN_REQUIRED")
        return self._tokens[audience]

    def forget(self, audience: str) -> None:
        """Nothing: there is no other."""
