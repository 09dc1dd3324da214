"""Where decisions are signed and handed over. What is signed is remembered before, so that no crash forgets it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ..deployment import Deployment
from ..errors import ConflictError, SignerError, ValidationError
from ..ids import checksum, consent_id, same_address
from ..intents import Intent, SignedIntent
from ..models import indexer
from ..signers import Signer
from .direct import AsyncDirect
from .ledger import AsyncLedger
from .memory import AsyncInProcessMemory, AsyncSigningMemory
from .pending import AsyncPending, Carried, Goal, goal_of
from .relay import AsyncRelay
from .transport import AsyncTransport

__all__ = ["SIGNATURE_LIFE", "AsyncDesk", "ordinary"]

SIGNATURE_LIFE = 3_600
"""How long what is no stop can be handed in. The registry takes at most 90 days."""


class AsyncDesk:
    """One signer's desk at one deployment."""

    def __init__(
        self,
        transport: AsyncTransport,
        deployment: Deployment,
        ledger: AsyncLedger,
        signer: Signer | None,
        memory: AsyncSigningMemory | None,
        direct: AsyncDirect | None,
    ) -> None:
        self._transport = transport
        self.deployment = deployment
        self.ledger = ledger
        self._signer = signer
        self._memory: AsyncSigningMemory = memory or AsyncInProcessMemory()
        self._remembers = memory is not None
        self._relay = AsyncRelay(transport, deployment)
        self._direct = direct

    @property
    def signer(self) -> Signer:
        """Who decides."""
        if self._signer is None:
            raise SignerError("This is signed: give the client a `signer`.", code="SIGNER_UNAVAILABLE")
        return self._signer

    def subject(self, named: str | None) -> str:
        """Whom a decision is about: the signer, unless it decides for another."""
        return checksum(self.signer.address if named is None else named)

    # ------------------------------------------------------------ what was signed before

    async def highest(self, kind: str, seen: int, *of: str) -> int:
        """The highest number of a kind: the one seen, or one that was signed."""
        return max(seen, await self._memory.get(self._name(kind, *of)) or 0)

    async def remember(self, kind: str, value: int, *of: str) -> None:
        """Keeps a number that is about to be signed."""
        await self._memory.keep(self._name(kind, *of), value)

    def _name(self, kind: str, *of: str) -> str:
        here = self.deployment
        return ":".join((kind, str(here.chain_id), here.registry.lower(), *(each.lower() for each in of)))

    async def through_version(self, consent: str, seen: int) -> int:
        """What a stop names: the version seen and one more, and no less than any that was signed (ADR 0013)."""
        return ordinary(await self.highest("version", seen + 1, consent), 32)

    # ------------------------------------------------------------ what openings rest on

    async def opening_subject(self, address: str) -> indexer.SubjectRow:
        """A subject's counters for an opening."""
        subject = await self.ledger.subject(address)
        self.must_be_final(subject.finality)
        return subject

    def must_be_final(self, finality: str | None) -> None:
        """Openings rest on final state, since a reorganisation takes back what is not; unless all that was signed is
        remembered for good."""
        if not self._remembers and finality is not None and not self.deployment.is_final(finality):
            raise ConflictError(
                f"The last change is not {self.deployment.finality} yet; an opening is signed on what is. Try again in "
                "a while, or give the client a `memory` that outlives it. A stop would not have to wait.",
                code="CONFLICT",
            )

    # ------------------------------------------------------------ signing

    def consent_id(self, subject: str, grantee: str, scope_id: str) -> str:
        """The id of a consent here."""
        return consent_id(self.deployment.chain_id, self.deployment.registry, subject, grantee, scope_id)

    async def decide(
        self, intent: Intent, goal: Goal | None = None, *, agreed: tuple[int, SignedIntent] | None = None
    ) -> AsyncPending:
        """Signs, and hands over: to the relay, or to the chain itself."""
        signer = self.signer
        if not same_address(intent.actor, signer.address):
            raise SignerError("The signer is not the one who decides.", code="SIGNER_WRONG_ACCOUNT")
        goal = goal or Goal()
        if goal.consent_id is not None:
            await self.remember("version", goal.version, goal.consent_id)
        if "seq" in intent.members:
            await self.remember("seq", intent.members["seq"], intent.subject)
        domain = self.deployment.domain
        signed = intent.signed(signer.sign_digest(intent.digest(domain)), acceptance=agreed)
        digest = "0x" + intent.digest(domain).hex()
        way = self._direct or self._relay
        carried: Carried = await way.send(signed)
        return self._pending(carried, digest, goal)

    def resume(self, saved: Mapping[str, Any]) -> AsyncPending:
        """Takes a wait up again."""
        known = dict(saved)
        sent = known.pop("transaction", None)
        digest, goal = goal_of(known)
        if sent is None:
            return self._pending(self._relay.resume(digest), digest, goal)
        if self._direct is None:
            raise ValidationError(
                "This decision was sent directly: give the client the same `direct` to wait for it.",
                code="INVALID_REQUEST",
            )
        return self._pending(self._direct.resume(sent), digest, goal)

    def _pending(self, carried: Carried, digest: str, goal: Goal) -> AsyncPending:
        return AsyncPending(self.ledger, self.deployment, carried, digest, goal, has_tokens=self._transport.has_tokens)


def ordinary(through: int, bits: int) -> int:
    """A stop through the largest value would close the consent, or the subject, for good. Nobody is led into that."""
    if through >= 2**bits - 2:
        raise ConflictError("This would close the counter for good.", code="CONFLICT")
    return through


def deadline() -> int:
    """Of what is no stop."""
    return int(time.time()) + SIGNATURE_LIFE
