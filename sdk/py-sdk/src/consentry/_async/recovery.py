"""When a patient's key is lost: somebody named before proposes a new one, time passes, the patient can refuse."""

from __future__ import annotations

from typing import Any

from ..errors import ConflictError, ValidationError
from ..ids import checksum
from ..intents import NO_DEADLINE, NOBODY, Intent
from ..models import indexer
from .desk import AsyncDesk, deadline
from .pending import AsyncPending

__all__ = ["AsyncRecovery"]

HOUR = 3_600


class AsyncRecovery:
    """Recovery of a subject: of the signer, unless another is named."""

    def __init__(self, desk: AsyncDesk) -> None:
        self._desk = desk
        self._ledger = desk.ledger

    async def set(
        self, recoverer: str | None, *, delay_hours: int | None = None, subject: str | None = None
    ) -> AsyncPending:
        """Names who may recover, and how long everybody then waits: 48 hours to 90 days. None: nobody may. A recovery
        under way ends."""
        about = self._desk.subject(subject)
        if (recoverer is None) != (delay_hours is None):
            raise ValidationError("`delay_hours` goes with a recoverer.", code="INVALID_REQUEST")
        if recoverer is None:
            state = await self._ledger.subject(about)
            # Above what the chain has, and above what is signed and not yet sent.
            nonce = await self._desk.highest("recovery", state.recovery_nonce + 1, about) + 1
        else:
            state = await self._desk.opening_subject(about)
            nonce = state.recovery_nonce + 1
        members = {
            **self._signed_by(about),
            "recoverer": NOBODY if recoverer is None else checksum(recoverer),
            "delay": (delay_hours or 0) * HOUR,
            "nonce": nonce,
            "seq": state.seq,
            "deadline": NO_DEADLINE if recoverer is None else deadline(),
        }
        await self._desk.remember("recovery", nonce, about)
        return await self._desk.decide(Intent("SetRecovery", members))

    async def propose(self, subject: str, new_controller: str) -> AsyncPending:
        """As the recoverer: proposes another key, in place of any earlier proposal."""
        about = checksum(subject)
        state = await self._desk.opening_subject(about)
        proposed = {"newController": checksum(new_controller), "proposalId": state.last_proposal_id + 1}
        return await self._desk.decide(Intent("ProposeRecovery", self._signed_by(about) | proposed | _brief()))

    async def veto(self, *, subject: str | None = None) -> AsyncPending:
        """As the patient: refuses the recovery that is under way."""
        about = self._desk.subject(subject)
        proposal = _under_way(await self._ledger.subject(about))
        members = self._signed_by(about) | {"proposalId": proposal.id, "deadline": NO_DEADLINE}
        return await self._desk.decide(Intent("Veto", members))

    async def recover(self, subject: str) -> AsyncPending:
        """As the proposed key: takes control once the delay is over."""
        about = checksum(subject)
        state = await self._desk.opening_subject(about)
        proposal = _under_way(state)
        members = self._signed_by(about) | {"proposalId": proposal.id, "seq": state.seq} | _brief()
        return await self._desk.decide(Intent("Recover", members))

    async def freeze(self, subject: str) -> AsyncPending:
        """As the recoverer: stops new grants for as long as the delay. It never stops a stop."""
        about = checksum(subject)
        state = await self._desk.opening_subject(about)
        return await self._desk.decide(Intent("Freeze", self._signed_by(about) | {"seq": state.seq} | _brief()))

    async def unfreeze(self, *, subject: str | None = None) -> AsyncPending:
        """As the patient: ends a freeze."""
        about = self._desk.subject(subject)
        state = await self._desk.opening_subject(about)
        return await self._desk.decide(Intent("Unfreeze", self._signed_by(about) | {"seq": state.seq} | _brief()))

    def _signed_by(self, subject: str) -> dict[str, Any]:
        return {"actor": self._desk.signer.address, "subject": subject}


def _brief() -> dict[str, Any]:
    return {"deadline": deadline()}


def _under_way(state: indexer.SubjectRow) -> indexer.ProposalRow:
    if state.proposal is None:
        raise ConflictError("No recovery is under way.", code="CONFLICT")
    return state.proposal
