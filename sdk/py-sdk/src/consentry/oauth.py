"""OAuth without I/O: client assertions, PKCE, authorization links, what came back."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

from .errors import AuthError

__all__ = ["ASSERTION_TYPE", "AuthorizationRequest", "ProofKey", "Token", "client_assertion"]

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFE = 60
EARLY = 30
"""A token counts as over so many seconds before it is: it has a way to go."""


class ProofKey:
    """A key that tokens are bound to (DPoP, RFC 9449): whoever copies a token cannot use it."""

    def __init__(self, key: ECKey) -> None:
        self._key = key
        public = key.as_dict(private=False)
        self._jwk = {name: public[name] for name in ("kty", "crv", "x", "y")}

    def __repr__(self) -> str:
        return "ProofKey()"

    @classmethod
    def generate(cls) -> ProofKey:
        """A new one, in this process's memory only."""
        return cls(ECKey.generate_key("P-256"))

    def prove(self, method: str, url: str, token: str | None = None, now: float | None = None) -> str:
        """The proof for one request; it counts once."""
        parts = urlsplit(url)
        claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": f"{parts.scheme}://{parts.netloc}{parts.path}",
            "iat": int(time.time() if now is None else now),
        }
        if token is not None:
            claims["ath"] = _base64url(hashlib.sha256(token.encode()).digest())
        header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": self._jwk}
        return jwt.encode(header, claims, self._key, algorithms=["ES256"])


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Token:
    """An access token for one audience."""

    value: str
    expires_at: float
    scope: str = ""
    refresh_token: str | None = None
    patient: str | None = None
    """The FHIR id of the patient in context, where `launch/patient` was granted."""

    def __repr__(self) -> str:
        return f"Token(scope={self.scope!r}, expires_at={self.expires_at})"

    def is_fresh(self, now: float | None = None) -> bool:
        """Whether it still holds for long enough to be used."""
        return (time.time() if now is None else now) < self.expires_at - EARLY

    def headers(self, proof_key: ProofKey | None, method: str, url: str) -> dict[str, str]:
        """What authorizes one request."""
        if proof_key is None:
            return {"authorization": f"Bearer {self.value}"}
        return {"authorization": f"DPoP {self.value}", "dpop": proof_key.prove(method, url, self.value)}

    @classmethod
    def from_answer(cls, body: Any, now: float | None = None, *, bound: bool = False) -> Token:
        """Reads a token endpoint's answer."""
        try:
            kind = str(body["token_type"]).lower()
            token = cls(
                value=str(body["access_token"]),
                expires_at=(time.time() if now is None else now) + int(body["expires_in"]),
                scope=str(body.get("scope", "")),
                refresh_token=body.get("refresh_token"),
                patient=body.get("patient"),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise AuthError("The token endpoint answered without a token.", code="AUTH_RESPONSE") from None
        # A token that was to be bound to a key and is not would be worth something to whoever copies it.
        if kind != ("dpop" if bound else "bearer"):
            raise AuthError("The token is not bound as it was asked for.", code="AUTH_RESPONSE")
        return token


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
    nonce: str
    acr: str | None = None
    max_age: int | None = None
    prompt: str | None = None

    def __repr__(self) -> str:
        return f"AuthorizationRequest(client_id={self.client_id!r}, resource={self.resource!r})"

    @classmethod
    def new(
        cls,
        issuer: str,
        client_id: str,
        redirect_uri: str,
        scope: str,
        resource: str,
        *,
        acr: str | None = None,
        max_age: int | None = None,
        prompt: Literal["none", "login"] | None = None,
    ) -> AuthorizationRequest:
        """With fresh secrets, for a token for the service `resource`.

        `acr` is `aal2` where two factors are needed, as for binding a key; `max_age` is how old the sign-in may be, in
        seconds; `prompt` is `none` if nobody is to be asked anything.
        """
        state, verifier, nonce = (secrets.token_urlsafe(48) for _ in range(3))
        whole = issuer.rstrip("/")
        return cls(whole, client_id, redirect_uri, scope, resource, state, verifier, nonce, acr, max_age, prompt)

    @property
    def url(self) -> str:
        """Where to send the browser."""
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "resource": self.resource,
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": _base64url(hashlib.sha256(self.verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        wishes = {"acr_values": self.acr, "max_age": self.max_age, "prompt": self.prompt}
        query |= {name: str(value) for name, value in wishes.items() if value is not None}
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
            asks = one["error"] in ("login_required", "interaction_required")
            code = "AUTH_SIGN_IN_REQUIRED" if asks else "AUTH_REFUSED"
            raise AuthError(f"Nobody was signed in: {one['error']}. Sign in again.", code=code)
        if "code" not in one:
            raise AuthError("The answer holds no code.", code="AUTH_RESPONSE")
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
