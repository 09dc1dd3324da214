"""OAuth without I/O: client assertions, PKCE, authorization links, what came back."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

from .errors import AuthError

__all__ = ["ASSERTION_TYPE", "AuthorizationRequest", "Token", "client_assertion"]

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFE = 60
EARLY = 30
"""A token counts as over so many seconds before it is: it has a way to go."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token for one audience."""

    value: str
    expires_at: float
    scope: str = ""
    refresh_token: str | None = None

    def __repr__(self) -> str:
        return f"Token(scope={self.scope!r}, expires_at={self.expires_at})"

    def is_fresh(self, now: float | None = None) -> bool:
        """Whether it still holds for long enough to be used."""
        return (time.time() if now is None else now) < self.expires_at - EARLY

    @classmethod
    def from_answer(cls, body: Any, now: float | None = None) -> Token:
        """Reads a token endpoint's answer."""
        try:
            if str(body["token_type"]).lower() != "bearer":
                raise ValueError
            return cls(
                value=str(body["access_token"]),
                expires_at=(time.time() if now is None else now) + int(body["expires_in"]),
                scope=str(body.get("scope", "")),
                refresh_token=body.get("refresh_token"),
            )
        except (KeyError, TypeError, ValueError):
            raise AuthError("The token endpoint answered without a bearer token.", code="AUTH_RESPONSE") from None


def client_assertion(
    client_id: str, private_jwk: Mapping[str, Any] | str, endpoint: str, now: float | None = None
) -> str:
    """Who the client is, signed with ES256 for one endpoint, once (RFC 7523)."""
    try:
        document = json.loads(private_jwk) if isinstance(private_jwk, str) else dict(private_jwk)
        key = ECKey.import_key(document)
        issued = int(time.time() if now is None else now)
        header = {"alg": "ES256", "kid": document.get("kid") or key.thumbprint()}
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": endpoint,
            "jti": secrets.token_urlsafe(16),
            "iat": issued,
            "exp": issued + LIFE,
        }
        return jwt.encode(header, claims, key, algorithms=["ES256"])
    except Exception:
        # The cause may quote the key.
        raise AuthError("The client's private JWK is not an EC P-256 key.", code="AUTH_REFUSED") from None


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """One request to sign somebody in: authorization code with PKCE (S256)."""

    issuer: str
    client_id: str
    redirect_uri: str
    scope: str
    resource: str
    state: str
    verifier: str

    def __repr__(self) -> str:
        return f"AuthorizationRequest(client_id={self.client_id!r}, resource={self.resource!r})"

    @classmethod
    def new(cls, issuer: str, client_id: str, redirect_uri: str, scope: str, resource: str) -> AuthorizationRequest:
        """With fresh secrets."""
        state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        return cls(issuer, client_id, redirect_uri, scope, resource, state, verifier)

    @property
    def url(self) -> str:
        """Where to send the browser."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest())
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "resource": self.resource,
            "state": self.state,
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{self.issuer}/oauth2/authorize?{urlencode(query)}"

    def code_from(self, callback: str) -> str:
        """The code in the address that the browser came back to, if the answer is to this request."""
        query = parse_qs(urlsplit(callback).query)
        one = {name: values[0] for name, values in query.items() if len(values) == 1}
        if not secrets.compare_digest(one.get("state", "").encode(), self.state.encode()):
            raise AuthError("The answer belongs to another sign-in. Start again.", code="AUTH_RESPONSE")
        # RFC 9207: an answer of another issuer must not be redeemed at this one.
        if one.get("iss") != self.issuer:
            raise AuthError("The answer comes from another issuer.", code="AUTH_RESPONSE")
        if "error" in one:
            raise AuthError(f"Nobody was signed in: {one['error']}.", code="AUTH_REFUSED")
        if "code" not in one:
            raise AuthError("The answer holds no code.", code="AUTH_REFUSED")
        return one["code"]

    def form(self, code: str) -> dict[str, str]:
        """What redeems the code."""
        return {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "code": code,
            "code_verifier": self.verifier,
            "redirect_uri": self.redirect_uri,
        }
