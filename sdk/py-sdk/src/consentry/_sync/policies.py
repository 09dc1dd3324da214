# Made from consentry/_async by tools/generate.py. Do not edit.
"""Policy documents at the indexer."""

from __future__ import annotations

from .._http import Request
from ..deployment import Deployment
from ..errors import ValidationError
from ..ids import hash_bytes
from ..policy import Policy
from .transport import Transport

__all__ = ["Policies", "held"]


class Policies:
    """Upload a document before you name its hash; read what a hash stands for before you sign it."""

    build = staticmethod(Policy.build)
    parse = staticmethod(Policy.parse)
    explain = staticmethod(Policy.explain)
    covers = staticmethod(Policy.covers)

    def __init__(self, transport: Transport, deployment: Deployment) -> None:
        self._transport = transport
        self._deployment = deployment

    def upload(self, policy: Policy) -> str:
        """Stores the document under its hash, which it returns. Doing so again changes nothing."""
        base = self._deployment.indexer
        self._transport.send(
            Request(
                "PUT",
                f"{base}/v1/policies/{policy.hash}",
                audience=base,
                headers={"content-type": "application/json"},
                content=policy.canonical,
                idempotent=True,
            )
        )
        return policy.hash

    def get(self, scope_id: str) -> Policy:
        """The document with this hash. The hash is computed here: no service is believed about it."""
        base = self._deployment.indexer
        wanted = "0x" + hash_bytes(scope_id, "scope_id").hex()
        answer = self._transport.send(Request("GET", f"{base}/v1/policies/{wanted}", audience=base))
        policy = Policy.parse(answer.content)
        if policy.hash != wanted:
            raise ValidationError(
                "The document that the indexer gave has another hash. Do not sign it.",
                code="POLICY_HASH_MISMATCH",
                request_id=answer.request_id,
            )
        return policy


def held(policies: Policies, scope_id: str, policy: Policy | None) -> Policy:
    """The document that somebody is about to sign for: nobody signs a hash whose document is not at hand."""
    if policy is None:
        try:
            return policies.get(scope_id)
        except ValidationError as fault:
            if fault.code != "NOT_FOUND":
                raise
            raise ValidationError(
                "The document behind this request is not to be had, so it is not signed. Ask the organisation "
                "to upload it.",
                code="POLICY_NOT_HELD",
                request_id=fault.request_id,
            ) from fault
    if hash_bytes(policy.hash) != hash_bytes(scope_id):
        raise ValidationError(
            "The policy given is not the one that was asked for, so it is not signed.",
            code="POLICY_HASH_MISMATCH",
        )
    return policy
