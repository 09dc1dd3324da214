"""Consents: asked for, given, refused, taken back, looked at."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from .. import intents
from ..errors import AuthError, ConflictError, ConsentryError, ValidationError
from ..ids import checksum, hash_bytes
from ..intents import NO_DEADLINE, UNTIL_REVOKED, Intent
from ..models import indexer
from ..policy import Policy
from .desk import AsyncDesk, deadline, ordinary
from .pending import AsyncPending, Goal
from .policies import AsyncPolicies, held

__all__ = ["AsyncConsents"]

DAY = 86_400
RESPOND_WITHIN = 30 * DAY
CLOCKS = 60
"""A window begins so many seconds ago, unless told otherwise: the chain's clock is not ours."""


@dataclass(frozen=True, slots=True)
class _Which:
    subject: str
    grantee: str
    scope_id: str

    def members(self) -> dict[str, Any]:
        return {"subject": self.subject, "grantee": self.grantee, "scopeId": self.scope_id}


def _which(row: indexer.ConsentRow) -> _Which:
    return _Which(row.patient_id, row.grantee_id, row.scope_id)


class AsyncConsents:
    """Each verb signs with the client's signer and hands over; what it returns is only waited for.

    Openings (request, create, approve) are signed on final state, stops (deny, revoke) on the latest, naming the
    version seen and one more, and never less than what was signed before. So no stop is ever undone by a grant that
    was signed before it (ADR 0013).

    A window is `valid_from` to `valid_to` (Unix seconds, the first at which it is over), or `days` from its beginning;
    without either it lasts until revoked.
    """

    def __init__(self, desk: AsyncDesk, policies: AsyncPolicies) -> None:
        self._desk = desk
        self._ledger = desk.ledger
        self._policies = policies

    # ------------------------------------------------------------ looking

    async def get(self, consent: str) -> indexer.ConsentRow:
        """One consent by its id."""
        return await self._ledger.get(consent)

    def list(
        self,
        *,
        patient: str | None = None,
        grantee: str | None = None,
        scope_id: str | None = None,
        status: str | None = None,
    ) -> AsyncIterator[indexer.ConsentRow]:
        """All that match, page after page. `patient` and `grantee` are addresses; name one of them or both."""
        return self._ledger.list(patient, grantee, scope_id, status)

    async def find(self, *, patient: str, grantee: str, scope_id: str) -> indexer.ConsentRow | None:
        """The consent between these two about this document, if there ever was one."""
        return await self._ledger.find(self.id_of(patient=patient, grantee=grantee, scope_id=scope_id))

    def id_of(self, *, patient: str, grantee: str, scope_id: str) -> str:
        """The id of a consent."""
        return self._desk.consent_id(patient, grantee, scope_id)

    async def history(self, consent: str, *, after: int = 0) -> AsyncIterator[indexer.Change]:
        """Every change of a consent, the oldest first, reorganisations too; of those after a revision. For systems and
        administrators."""
        wanted = hash_bytes(consent, "consent")
        async for change in self._ledger.changes(after):
            if hash_bytes(change.consent.consent_id) == wanted:
                yield change

    def resume(self, saved: Mapping[str, Any]) -> AsyncPending:
        """Takes a wait up again, in another process if need be: `saved` is what `Pending.to_json` gave."""
        return self._desk.resume(saved)

    # ------------------------------------------------------------ opening

    async def request(
        self,
        *,
        subject: str,
        policy: Policy,
        days: int | None = None,
        valid_from: int | None = None,
        valid_to: int | None = None,
        respond_by: int | None = None,
    ) -> AsyncPending:
        """Asks a patient for consent, as the organisation whose key the signer holds. The document is stored first, so
        that the patient can read it. Unanswered it lapses at `respond_by` (Unix seconds), or after 30 days."""
        actor = self._desk.signer.address
        begins, ends = _window(valid_from, valid_to, days)
        await self._policies.upload(policy)
        which = _Which(checksum(subject), checksum(actor), policy.hash)
        row = await self._opening_row(which)
        version = (row.version if row else 0) + 1
        members = {
            **which.members(),
            "actor": actor,
            "validFrom": begins,
            "validTo": ends,
            "respondBy": int(time.time()) + RESPOND_WITHIN if respond_by is None else respond_by,
            "version": version,
            "deadline": deadline(),
        }
        return await self._desk.decide(Intent("Request", members), self._goal(which, version))

    async def create(
        self,
        *,
        grantee: str,
        policy: Policy,
        subject: str | None = None,
        days: int | None = None,
        valid_from: int | None = None,
        valid_to: int | None = None,
    ) -> AsyncPending:
        """Gives consent unasked, or renews it. `subject` is the signer unless it is a delegate."""
        about = self._desk.subject(subject)
        begins, ends = _window(valid_from, valid_to, days)
        await self._policies.upload(policy)
        which = _Which(about, checksum(grantee), policy.hash)
        row = await self._opening_row(which)
        return await self._grant(which, row, begins, ends)

    async def approve(
        self,
        consent: str | indexer.ConsentRow,
        *,
        policy: Policy | None = None,
        days: int | None = None,
        valid_from: int | None = None,
        valid_to: int | None = None,
    ) -> AsyncPending:
        """Says yes to a request, for the time that was asked for unless told otherwise.

        The document must be at hand: the one given, else the one the indexer has. Without it nothing is signed.
        """
        row = await self._requested(consent)
        await held(self._policies, row.scope_id, policy)
        begins, ends = _answered_window(row, valid_from, valid_to, days)
        return await self._grant(_which(row), row, begins, ends)

    async def approve_less(
        self,
        consent: str | indexer.ConsentRow,
        policy: Policy,
        *,
        asked: Policy | None = None,
        days: int | None = None,
        valid_from: int | None = None,
        valid_to: int | None = None,
    ) -> AsyncPending:
        """Agrees to less than was asked: refuses the request and grants the narrower policy, under one signature.
        `asked` is the document of the request, if you hold it."""
        actor = self._desk.signer.address
        row = await self._requested(consent)
        wider = await held(self._policies, row.scope_id, asked)
        if wider.hash == policy.hash or not wider.covers(policy):
            raise ValidationError(
                "The policy is not less than what was asked for. To share something else, create a consent.",
                code="POLICY_NOT_NARROWER",
            )
        begins, ends = _answered_window(row, valid_from, valid_to, days)
        await self._policies.upload(policy)
        which = _Which(row.patient_id, row.grantee_id, policy.hash)
        version = _granted_version(await self._opening_row(which))
        refused = self._desk.consent_id(row.patient_id, row.grantee_id, row.scope_id)
        through = await self._desk.through_version(refused, row.version)
        intent = intents.batch(
            actor=actor,
            subject=row.patient_id,
            seq=(await self._desk.opening_subject(row.patient_id)).seq,
            ops=[
                intents.deny_op(row.grantee_id, row.scope_id, through_version=through),
                intents.grant_op(row.grantee_id, policy.hash, valid_from=begins, valid_to=ends, version=version),
            ],
            deadline=deadline(),
        )
        await self._desk.remember("version", through + 1, refused)
        return await self._desk.decide(intent, self._goal(which, version))

    async def _grant(self, which: _Which, row: indexer.ConsentRow | None, begins: int, ends: int) -> AsyncPending:
        version = _granted_version(row)
        members = {
            **which.members(),
            "actor": self._desk.signer.address,
            "seq": (await self._desk.opening_subject(which.subject)).seq,
            "validFrom": begins,
            "validTo": ends,
            "version": version,
            "deadline": deadline(),
        }
        return await self._desk.decide(Intent("Grant", members), self._goal(which, version))

    # ------------------------------------------------------------ stopping

    async def deny(self, consent: str | indexer.ConsentRow) -> AsyncPending:
        """Says no to a request. With the consent at hand, not only its id, no indexer and no token is needed."""
        return await self._stop("Deny", consent)

    async def revoke(self, consent: str | indexer.ConsentRow) -> AsyncPending:
        """Takes a consent back, and every grant of it that is signed and not yet sent.

        Gateways deny as soon as the relay has the stop; the chain follows. With the consent at hand, not only its id,
        no indexer and no token is needed: a stop waits for nobody.
        """
        return await self._stop("Revoke", consent)

    async def revoke_all(self, *, subject: str | None = None, drop_delegates: bool = False) -> AsyncPending:
        """Takes everything back at once: every consent, and every grant that is signed and not yet sent. With
        `drop_delegates` nobody else may decide or recover any more either."""
        address = self._desk.subject(subject)
        state = await self._ledger.subject(address)
        through = ordinary(await self._desk.highest("epoch", state.epoch, address), 24)
        members = {
            "actor": self._desk.signer.address,
            "subject": address,
            "throughEpoch": through,
            "throughSeq": ordinary(await self._desk.highest("seq", state.seq, address), 24),
            "dropDelegates": drop_delegates,
            "deadline": NO_DEADLINE,
        }
        await self._desk.remember("epoch", through + 1, address)
        goal = Goal(stop=True, subject=address, epoch=through + 1)
        return await self._desk.decide(Intent("RevokeAll", members), goal)

    async def relinquish(self, consent: str | indexer.ConsentRow) -> AsyncPending:
        """Gives a consent, or one's request for it, back: as the organisation it is for."""
        actor = self._desk.signer.address
        row = await self._ledger.get(consent if isinstance(consent, str) else consent.consent_id)
        members = {**_which(row).members(), "actor": actor, "version": row.version, "deadline": NO_DEADLINE}
        goal = self._goal(_which(row), row.version + 1, stop=True)
        return await self._desk.decide(Intent("Relinquish", members), goal)

    async def _stop(self, action: str, consent: str | indexer.ConsentRow) -> AsyncPending:
        actor = self._desk.signer.address
        row = await self._latest(consent)
        which = _which(row)
        name = self._desk.consent_id(which.subject, which.grantee, which.scope_id)
        through = await self._desk.through_version(name, row.version)
        members = {**which.members(), "actor": actor, "throughVersion": through, "deadline": NO_DEADLINE}
        return await self._desk.decide(Intent(action, members), Goal(name, through + 1, stop=True))

    async def _latest(self, consent: str | indexer.ConsentRow) -> indexer.ConsentRow:
        """The consent as it is now; what a caller holds may be old, but is better than nothing for a stop."""
        if isinstance(consent, str):
            return await self.get(consent)
        try:
            latest = await self.get(consent.consent_id)
        except ConsentryError as fault:
            if fault.retryable or isinstance(fault, AuthError) or fault.code == "NOT_FOUND":
                return consent
            raise
        return latest if latest.version >= consent.version else consent

    # ------------------------------------------------------------ inside

    def _goal(self, which: _Which, version: int, *, stop: bool = False) -> Goal:
        name = self._desk.consent_id(which.subject, which.grantee, which.scope_id)
        return Goal(name, version, stop)

    async def _opening_row(self, which: _Which) -> indexer.ConsentRow | None:
        """The consent as it stands; refused while that is not final, since it could still be taken back."""
        row = await self.find(patient=which.subject, grantee=which.grantee, scope_id=which.scope_id)
        if row is not None:
            self._desk.must_be_final(row.finality)
        return row

    async def _requested(self, consent: str | indexer.ConsentRow) -> indexer.ConsentRow:
        """The request as it is now."""
        row = await self.get(consent if isinstance(consent, str) else consent.consent_id)
        if row.status != "REQUESTED":
            raise ConflictError(
                f"There is no request to answer: the consent is {row.status}. To give it anyway, create it.",
                code="CONFLICT",
            )
        self._desk.must_be_final(row.finality)
        return row


def _granted_version(row: indexer.ConsentRow | None) -> int:
    """A grant approves the request that is open, or makes the next version."""
    if row is None:
        return 1
    return row.version if row.status == "REQUESTED" else row.version + 1


def _window(valid_from: int | None, valid_to: int | None, days: int | None) -> tuple[int, int]:
    begins = int(time.time()) - CLOCKS if valid_from is None else valid_from
    if days is not None and (valid_to is not None or days < 1):
        raise ValidationError("`days` is at least 1, and stands in place of `valid_to`.", code="INVALID_REQUEST")
    ends = begins + days * DAY if days is not None else UNTIL_REVOKED if valid_to is None else valid_to
    if ends <= begins:
        raise ValidationError("A consent must end after it begins.", code="INVALID_REQUEST")
    return begins, ends


def _answered_window(
    row: indexer.ConsentRow, valid_from: int | None, valid_to: int | None, days: int | None
) -> tuple[int, int]:
    """What was asked for, where nothing else is said."""
    begins = row.valid_from if valid_from is None else valid_from
    return _window(begins, row.valid_to if valid_to is None and days is None else valid_to, days)
