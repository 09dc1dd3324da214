"""Who runs the command, and where their tokens are kept."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .._sync.auth import ClientCredentials, Session
from .._sync.client import Client
from ..deployment import Deployment
from ..development import identity
from ..errors import ValidationError
from ..oauth import Token
from ..signers import LocalKeySigner, Signer

__all__ = ["Store", "client", "own_address"]


class Store:
    """The file of tokens: readable by its owner only, one entry an issuer."""

    def __init__(self, path: Path | None = None) -> None:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        self.path = path or base / "consentry" / "session.json"

    def session(self, issuer: str) -> Session | None:
        """Who is signed in at this issuer."""
        entry = self._read().get(issuer)
        if not entry:
            return None
        tokens = {audience: Token(**token) for audience, token in entry["tokens"].items()}
        return self.session_of(issuer, entry["clientId"], tokens)

    def session_of(self, issuer: str, client_id: str, tokens: Mapping[str, Token]) -> Session:
        """A session that is kept whenever it changes."""
        return Session(issuer, client_id, tokens, lambda now: self._keep(issuer, client_id, now))

    def _read(self) -> dict[str, Any]:
        try:
            value = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError:
            raise ValidationError(
                f"{self.path} cannot be read. Remove it and sign in again.", code="INVALID_REQUEST"
            ) from None
        return dict(value)

    def _keep(self, issuer: str, client_id: str, tokens: Mapping[str, Token]) -> None:
        value = self._read()
        kept = {audience: asdict(token) for audience, token in tokens.items()}
        value[issuer] = {"clientId": client_id, "tokens": kept}
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(value, file)
        fresh.replace(self.path)


def signer(asked: Namespace, deployment: Deployment) -> Signer | None:
    """Whose key signs."""
    if asked.key is not None:
        try:
            return LocalKeySigner(asked.key.read_text(encoding="utf-8").strip())
        except OSError as fault:
            raise ValidationError(f"The key file cannot be read: {fault.strerror}.", code="INVALID_REQUEST") from None
    if asked.who:
        known = identity(deployment, asked.who)
        return LocalKeySigner(known.private_key) if known.private_key else None
    return None


def client(asked: Namespace) -> Client:
    """The client of whoever runs the command."""
    deployment = Deployment.read(asked.endpoints)
    key = signer(asked, deployment)
    # Only what is signed is sent.
    node = asked.node if key is not None else None
    if asked.who:
        known = identity(deployment, asked.who)
        machine = ClientCredentials(deployment.auth, known.client_id, known.jwk, known.scope)
        return Client(deployment, auth=machine, signer=key, node=node)
    if name := os.environ.get("CONSENTRY_CLIENT_ID"):
        try:
            jwk = Path(os.environ["CONSENTRY_CLIENT_KEY"]).read_text(encoding="utf-8")
            scope = os.environ["CONSENTRY_SCOPE"]
        except (KeyError, OSError):
            raise ValidationError(
                "CONSENTRY_CLIENT_ID needs CONSENTRY_CLIENT_KEY, a file that can be read, and CONSENTRY_SCOPE.",
                code="INVALID_REQUEST",
            ) from None
        machine = ClientCredentials(deployment.auth, name, jwk, scope)
        return Client(deployment, auth=machine, signer=key, node=node)
    return Client(deployment, auth=Store().session(deployment.auth), signer=key, node=node)


def own_address(asked: Namespace) -> str | None:
    """The address of the key that signs."""
    key = signer(asked, Deployment.read(asked.endpoints))
    return key.address if key else None
