"""Which key decides for a subject."""

from __future__ import annotations

from ..ids import checksum
from ..intents import NO_DEADLINE, Intent, accept_control
from ..models import indexer
from ..signers import Signer
from .desk import AsyncDesk, deadline, ordinary
from .pending import AsyncPending

__all__ = ["AsyncControl"]


class AsyncControl:
    """Control over a subject: the signer's own, unless another is named whom the signer controls."""

    def __init__(self, desk: AsyncDesk) -> None:
        self._desk = desk
        self._ledger = desk.ledger

    async def get(self, *, subject: str | None = None) -> indexer.SubjectRow:
        """Who decides, who may recover, whether it is frozen, and the counters."""
        return await self._ledger.subject(self._desk.subject(subject))

    async def rotate(self, new_controller: Signer, *, subject: str | None = None) -> AsyncPending:
        """Hands a subject to another key, which has to sign too. Voids all delegates, and all grants not yet sent."""
        about = self._desk.subject(subject)
        until = deadline()
        state = await self._desk.opening_subject(about)
        members = {
            "actor": self._desk.signer.address,
            "subject": about,
            "newController": checksum(new_controller.address),
            "seq": state.seq,
            "deadline": until,
        }
        rotation = Intent("Rotate", members)
        agreed = accept_control(rotation, until).sign(self._desk.deployment.domain, new_controller.sign_digest)
        return await self._desk.decide(rotation, agreed=(until, agreed))

    async def invalidate(self, *, subject: str | None = None) -> AsyncPending:
        """Voids every grant, and whatever else opens something, that is signed and not yet sent. Consents stay."""
        about = self._desk.subject(subject)
        state = await self._ledger.subject(about)
        through = ordinary(await self._desk.highest("seq", state.seq, about), 24)
        members = {
            "actor": self._desk.signer.address,
            "subject": about,
            "throughSeq": through,
            "deadline": NO_DEADLINE,
        }
        return await self._desk.decide(Intent("Invalidate", members))
