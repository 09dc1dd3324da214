"""Tokens: of machines by client_credentials with a signed assertion, of people by what they signed in for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from .. import oauth
from .._http import Request, error_of, slug_of
from ..errors import AuthError
from ..oauth import ProofKey, Token
from ._pause import Lock
from .transport import AsyncTransport

__all__ = ["AsyncClientCredentials", "AsyncSession", "AsyncStaticTokens"]


async def ask(
    transport: AsyncTransport,
    issuer: str,
    form: Mapping[str, str],
    proof_key: ProofKey | None = None,
    until: float | None = None,
) -> Token:
    """Asks a token endpoint. Never repeated: codes, refresh tokens and assertions count once."""
    url = f"{issuer}/oauth2/token"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    if proof_key is not None:
        headers["dpop"] = proof_key.prove("POST", url)
    refusals = frozenset((400, 401, 403))
    answer = await transport.send(
        Request("POST", url, headers=headers, content=urlencode(form).encode(), accepts=refusals, until=until)
    )
    if answer.status in refusals:
        fault = error_of(answer)
        is_over = slug_of(answer) == "invalid_grant"
        raise AuthError(
            f"The sign-in is over ({fault.message}). Sign in again."
            if is_over
            else f"The issuer gave no token: {fault.message}",
            code="AUTH_SIGN_IN_REQUIRED" if is_over else "AUTH_REFUSED",
            request_id=fault.request_id,
            status=fault.status,
        )
    return Token.from_answer(answer.json(), bound=proof_key is not None)


class AsyncClientCredentials:
    """A machine's tokens: client_credentials with private_key_jwt (ES256), one for each service.

    With `dpop` they are bound to a key of this process.
    """

    def __init__(
        self, issuer: str, client_id: str, private_jwk: Mapping[str, Any] | str, scope: str, *, dpop: bool = False
    ) -> None:
        self._issuer = issuer.rstrip("/")
        self._client_id = client_id
        self._jwk = private_jwk
        self._scope = scope
        self._proof_key = ProofKey.generate() if dpop else None
        self._kept: dict[tuple[str, str | None], Token] = {}
        self._lock = Lock()

    async def headers(
        self,
        transport: AsyncTransport,
        audience: str,
        purpose: str | None,
        method: str,
        url: str,
        until: float | None = None,
    ) -> Mapping[str, str]:
        """What authorizes one request: the token before while it holds."""
        async with self._lock:
            kept = self._kept.get((audience, purpose))
            if kept is None or not kept.is_fresh():
                kept = await self._ask(transport, audience, purpose, until)
                self._kept[audience, purpose] = kept
        return kept.headers(self._proof_key, method, url)

    async def _ask(self, transport: AsyncTransport, audience: str, purpose: str | None, until: float | None) -> Token:
        form = {} if purpose is None else {"purpose_of_use": purpose}
        form |= {
            "grant_type": "client_credentials",
            "client_assertion_type": oauth.ASSERTION_TYPE,
            "client_assertion": oauth.client_assertion(self._client_id, self._jwk, f"{self._issuer}/oauth2/token"),
            "scope": self._scope,
            "resource": audience,
        }
        return await ask(transport, self._issuer, form, self._proof_key, until)

    async def forget(self, audience: str) -> None:
        """Asks anew next time."""
        async with self._lock:
            for key in [key for key in self._kept if key[0] == audience]:
                del self._kept[key]


class AsyncSession:
    """A person's tokens, one for each service they signed in for, refreshed as long as the sign-in lasts.

    `on_change` is told whenever tokens change, so that they can be kept: a refresh token works once. With a `proof_key`
    they are bound to it, and whoever keeps them has to keep it too.
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        tokens: Mapping[str, Token],
        on_change: Callable[[Mapping[str, Token]], None] | None = None,
        *,
        proof_key: ProofKey | None = None,
    ) -> None:
        self._issuer = issuer.rstrip("/")
        self._client_id = client_id
        self._kept = dict(tokens)
        self._on_change = on_change
        self._proof_key = proof_key
        self._lock = Lock()

    @property
    def patient(self) -> str | None:
        """The FHIR id of the patient in context, where `launch/patient` was granted."""
        return next((token.patient for token in self._kept.values() if token.patient), None)

    async def redeem(self, transport: AsyncTransport, request: oauth.AuthorizationRequest, code: str) -> None:
        """Takes the code that a sign-in came back with."""
        async with self._lock:
            self._keep(request.resource, await ask(transport, self._issuer, request.form(code), self._proof_key))

    async def headers(
        self,
        transport: AsyncTransport,
        audience: str,
        purpose: str | None,
        method: str,
        url: str,
        until: float | None = None,
    ) -> Mapping[str, str]:
        """What authorizes one request; the token is refreshed if it is over."""
        async with self._lock:
            kept = self._kept.get(audience)
            if kept is None:
                raise AuthError(f"Nobody is signed in for {audience}. Sign in.", code="AUTH_SIGN_IN_REQUIRED")
            if not kept.is_fresh():
                kept = await self._refresh(transport, audience, kept, until)
        return kept.headers(self._proof_key, method, url)

    async def _refresh(self, transport: AsyncTransport, audience: str, kept: Token, until: float | None) -> Token:
        if kept.refresh_token is None:
            raise AuthError("The sign-in is over. Sign in again.", code="AUTH_SIGN_IN_REQUIRED")
        form = {
            "grant_type": "refresh_token",
            "client_id": self._client_id,
            "refresh_token": kept.refresh_token,
        }
        fresh = await ask(transport, self._issuer, form, self._proof_key, until)
        self._keep(audience, fresh, kept)
        return self._kept[audience]

    def _keep(self, audience: str, token: Token, before: Token | None = None) -> None:
        if before is not None:
            token = replace(
                token,
                refresh_token=token.refresh_token or before.refresh_token,
                patient=token.patient or before.patient,
            )
        self._kept[audience] = token
        if self._on_change is not None:
            self._on_change(dict(self._kept))

    async def forget(self, audience: str) -> None:
        """The access token is over; what refreshes it is not."""
        async with self._lock:
            kept = self._kept.get(audience)
            if kept is not None:
                self._kept[audience] = replace(kept, expires_at=time.time())


class AsyncStaticTokens:
    """Tokens that somebody else looks after, by audience."""

    def __init__(self, tokens: Mapping[str, str]) -> None:
        self._tokens = dict(tokens)

    async def headers(
        self,
        transport: AsyncTransport,
        audience: str,
        purpose: str | None,
        method: str,
        url: str,
        until: float | None = None,
    ) -> Mapping[str, str]:
        """The token for this audience."""
        if audience not in self._tokens:
            raise AuthError(f"There is no token for {audience}.", code="AUTH_SIGN_IN_REQUIRED")
        return {"authorization": f"Bearer {self._tokens[audience]}"}

    async def forget(self, audience: str) -> None:
        """Nothing: there is no other."""
