# Made from consentry/_async by tools/generate.py. Do not edit.
"""The usual way onto the chain: the relay takes signed decisions in, and pays."""

from __future__ import annotations

import json
from typing import Any

from .._http import Request
from ..deployment import Deployment
from ..errors import ChainError, ValidationError
from ..ids import hash_bytes
from ..intents import SignedIntent
from ..models import relay
from ..progress import IntentStatus
from . import read
from .transport import Transport

__all__ = ["Relay", "Relayed"]

GRANTEES = frozenset(("Request", "Relinquish"))
"""What a grantee's organisation has to bring with its token. All else needs none: the signature is enough."""


class Relayed:
    """A decision at the relay."""

    def __init__(
        self, transport: Transport, deployment: Deployment, digest: str, signed: SignedIntent | None = None
    ) -> None:
        self._transport = transport
        self._base = deployment.relay
        self._digest = digest
        self._signed = signed

    def hand_in(self, until: float | None = None) -> IntentStatus:
        """Hands it in. The digest names it, so that doing so twice is doing so once."""
        assert self._signed is not None
        answer = self._transport.send(
            Request(
                "POST",
                f"{self._base}/v1/intents",
                audience=self._base if self._signed.intent.action in GRANTEES else None,
                headers={"content-type": "application/json", "idempotency-key": self._digest},
                content=json.dumps(self._signed.to_json()).encode(),
                idempotent=True,
                until=until,
            )
        )
        view = read.model(relay.IntentView, answer)
        if hash_bytes(view.digest) != hash_bytes(self._digest):
            raise ChainError(
                "The relay names another digest than the one signed here: it serves another chain or registry. "
                "Correct the deployment's addresses.",
                code="WRONG_DEPLOYMENT",
                request_id=answer.request_id,
            )
        return _status(view)

    def look(self, until: float | None = None) -> IntentStatus:
        """What the relay knows; the very same bytes are handed in again if it does not know them."""
        url = f"{self._base}/v1/intents/{self._digest}"
        try:
            return _status(read.get(self._transport, relay.IntentView, url, None, until=until))
        except ValidationError as fault:
            if fault.code != "NOT_FOUND" or self._signed is None:
                raise
            return self.hand_in(until)

    def to_json(self) -> dict[str, Any]:
        """Nothing more than the digest is needed to ask again."""
        return {}


class Relay:
    """Hands decisions to the relay."""

    def __init__(self, transport: Transport, deployment: Deployment) -> None:
        self._transport = transport
        self._deployment = deployment

    def send(self, signed: SignedIntent) -> Relayed:
        """The relay has it durably when this returns."""
        digest = "0x" + signed.intent.digest(self._deployment.domain).hex()
        relayed = Relayed(self._transport, self._deployment, digest, signed)
        relayed.hand_in()
        return relayed

    def resume(self, digest: str) -> Relayed:
        """One that was handed in before."""
        return Relayed(self._transport, self._deployment, digest)


def _status(view: relay.IntentView) -> IntentStatus:
    return IntentStatus(view.state, view.reason, view.transaction, view.block_number)
