# Made from consentry/_async by tools/generate.py. Do not edit.
"""When a patient's key is lost: somebody named before proposes a new one, time passes, the patient can refuse."""

from __future__ import annotations

from typing import Any

from ..errors import ConflictError, ValidationError
from ..ids import checksum
from ..intents import NO_DEADLINE, NOBODY, Intent
from ..models import indexer
from .desk import Desk, deadline
from .pending import Pending

__all__ = ["Recovery"]

HOUR = 3_600


class Recovery:
    """Recovery of a subject: of the signer, unless another is named."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ledger = desk.ledger

    def set(self, recoverer: str | None, *, delay_hours: int | None = None, subject: str | None = None) -> Pending:
        """Names who may recover, and how long everybody then waits: 48 hours to 90 days. None: nobody may. A recovery
        under way ends."""
        about = self._desk.subject(subject)
        if (recoverer is None) != (delay_hours is None):
            raise ValidationError("`delay_hours` goes with a recoverer.", code="INVALID_REQUEST")
        if recoverer is None:
            state = self._ledger.subject(about)
            # Above what the chain has, and above what is signed and not yet sent.
            nonce = self._desk.highest("recovery", state.recovery_nonce + 1, about) + 1
        else:
            state = self._desk.opening_subject(about)
            nonce = state.recovery_nonce + 1
        members = {
            **self._signed_by(about),
            "recoverer": NOBODY if recoverer is None else checksum(recoverer),
            "delay": (delay_hours or 0) * HOUR,
            "nonce": nonce,
            "seq": state.seq,
            "deadline": NO_DEADLINE if recoverer is None else deadline(),
        }
        self._desk.remember("recovery", nonce, about)
        return self._desk.decide(Intent("SetRecovery", members))

    def propose(self, subject: str, new_controller: str) -> Pending:
        """As the recoverer: proposes another key, in place of any earlier proposal."""
        about = checksum(subject)
        state = self._desk.opening_subject(about)
        proposed = {"newController": checksum(new_controller), "proposalId": state.last_proposal_id + 1}
        return self._desk.decide(Intent("ProposeRecovery", self._signed_by(about) | proposed | _brief()))

    def veto(self, *, subject: str | None = None) -> Pending:
        """As the patient: refuses the recovery that is under way."""
        about = self._desk.subject(subject)
        proposal = _under_way(self._ledger.subject(about))
        members = self._signed_by(about) | {"proposalId": proposal.id, "deadline": NO_DEADLINE}
        return self._desk.decide(Intent("Veto", members))

    def recover(self, subject: str) -> Pending:
        """As the proposed key: takes control once the delay is over."""
        about = checksum(subject)
        state = self._desk.opening_subject(about)
        proposal = _under_way(state)
        members = self._signed_by(about) | {"proposalId": proposal.id, "seq": state.seq} | _brief()
        return self._desk.decide(Intent("Recover", members))

    def freeze(self, subject: str) -> Pending:
        """As the recoverer: stops new grants for as long as the delay. It never stops a stop."""
        about = checksum(subject)
        state = self._desk.opening_subject(about)
        return self._desk.decide(Intent("Freeze", self._signed_by(about) | {"seq": state.seq} | _brief()))

    def unfreeze(self, *, subject: str | None = None) -> Pending:
        """As the patient: ends a freeze."""
        about = self._desk.subject(subject)
        state = self._desk.opening_subject(about)
        return self._desk.decide(Intent("Unfreeze", self._signed_by(about) | {"seq": state.seq} | _brief()))

    def _signed_by(self, subject: str) -> dict[str, Any]:
        return {"actor": self._desk.signer.address, "subject": subject}


def _brief() -> dict[str, Any]:
    return {"deadline": deadline()}


def _under_way(state: indexer.SubjectRow) -> indexer.ProposalRow:
    if state.proposal is None:
        raise ConflictError("No recovery is under way.", code="CONFLICT")
    return state.proposal
