"""Consents: asked for, given, refused, taken back, looked at."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from .. import intents
from .._http import Request
from ..deployment import Deployment
from ..errors import AuthError, ChainError, ConflictError, ConsentryError, SignerError, ValidationError
from ..ids import checksum, consent_id, hash_bytes, same_address
from ..intents import NO_DEADLINE, UNTIL_REVOKED, Intent
from ..models import indexer, relay
from ..policy import Policy
from ..signers import Signer
from . import read
from .pending import AsyncPending, Goal
from .policies import AsyncPolicies
from .transport import AsyncTransport

__all__ = ["AsyncConsents"]

DAY = 86_400
SIGNATURE_LIFE = 3_600
"""How long what is no stop can be handed in. The registry takes at most 90 days."""
CLOCKS = 60
"""A window begins so many seconds ago, unless told otherwise: the chain's clock is not ours."""

STOPPED = frozenset(("REVOKED", "DENIED", "EXPIRED", "ABSENT"))
GIVEN = frozenset(("ACTIVE", "SCHEDULED"))


@dataclass(frozen=True, slots=True)
class _Which:
    subject: str
    grantee: str
    scope_id: str


class AsyncConsents:
    """What is signed here is signed with the client's signer, and brought onto the chain by the relay.

    Openings (request, grant) are signed on final state, stops (deny, revoke) on the latest, naming the version seen
    plus one. So no stop is ever undone by a grant that was signed before it (ADR 0013).
    """

    def __init__(
        self,
        transport: AsyncTransport,
        deployment: Deployment,
        policies: AsyncPolicies,
        signer: Signer | None,
    ) -> None:
        self._transport = transport
        self._deployment = deployment
        self._policies = policies
        self._signer = signer

    # ------------------------------------------------------------ looking

    async def get(self, consent: str) -> indexer.ConsentRow:
        """One consent by its id."""
        base = self._deployment.indexer
        url = f"{base}/v1/consents/{read.segment(consent)}"
        single = await read.get(self._transport, indexer.SingleConsent, url, base)
        read.check_as_of(self._deployment, single.as_of)
        return single.consent

    async def list(
        self,
        *,
        patient: str | None = None,
        grantee: str | None = None,
        scope_id: str | None = None,
        status: str | None = None,
    ) -> AsyncIterator[indexer.ConsentRow]:
        """All that match, page after page. `patient` and `grantee` are addresses; one of them is needed."""
        base = self._deployment.indexer
        asked = [("patient", patient), ("grantee", grantee), ("scope", scope_id), ("status", status)]
        params = [(name, value) for name, value in asked if value is not None]
        cursor: str | None = None
        while True:
            more = [("cursor", cursor)] if cursor else []
            page = await read.get(self._transport, indexer.ConsentPage, f"{base}/v1/consents", base, params + more)
            read.check_as_of(self._deployment, page.as_of)
            for row in page.consents:
                yield row
            cursor = page.next
            if cursor is None:
                return

    async def find(self, *, patient: str, grantee: str, scope_id: str) -> indexer.ConsentRow | None:
        """The consent between these two about this document, if there ever was one."""
        async for row in self.list(patient=patient, grantee=grantee, scope_id=scope_id):
            return row
        return None

    def resume(self, saved: Mapping[str, Any]) -> AsyncPending:
        """Takes a wait up again, in another process if need be: `saved` is what `Pending.to_json` gave."""
        return AsyncPending.from_json(self._transport, self._deployment, saved)

    async def history(self, consent: str) -> AsyncIterator[indexer.Change]:
        """Every change of a consent, the oldest first, reorganisations too. For systems and administrators."""
        base = self._deployment.indexer
        wanted = hash_bytes(consent, "consent")
        after = 0
        while True:
            page = await read.get(
                self._transport,
                indexer.ChangePage,
                f"{base}/v1/changes",
                base,
                [("after", str(after)), ("limit", "500")],
            )
            read.check_as_of(self._deployment, page.as_of)
            for change in page.changes:
                if hash_bytes(change.consent.consent_id) == wanted:
                    yield change
            if page.next is None:
                return
            after = page.next

    # ------------------------------------------------------------ opening

    async def request(
        self,
        *,
        subject: str,
        policy: Policy,
        days: int | None = None,
        respond_within_days: int = 30,
        valid_from: int | None = None,
    ) -> AsyncPending:
        """Asks a patient for consent, as the organisation whose key the signer holds."""
        signer = self._need_signer()
        await self._policies.upload(policy)
        which = _Which(checksum(subject), signer.address, policy.hash)
        row = await self._opening_row(which)
        now = int(time.time())
        version = (row.version if row else 0) + 1
        begins, ends = _window(now, valid_from, days)
        intent = Intent(
            "Request",
            {
                "actor": signer.address,
                "subject": which.subject,
                "grantee": which.grantee,
                "scopeId": which.scope_id,
                "validFrom": begins,
                "validTo": ends,
                "respondBy": now + respond_within_days * DAY,
                "version": version,
                "deadline": now + SIGNATURE_LIFE,
            },
        )
        return await self._hand_in(intent, self._goal(which, version, frozenset(("REQUESTED",))), with_token=True)

    async def create(
        self,
        *,
        grantee: str,
        policy: Policy,
        subject: str | None = None,
        days: int | None = None,
        valid_from: int | None = None,
    ) -> AsyncPending:
        """Gives consent, or renews it. `days` None: until revoked. `subject` is the signer unless it is a delegate."""
        signer = self._need_signer()
        await self._policies.upload(policy)
        which = _Which(checksum(subject or signer.address), checksum(grantee), policy.hash)
        row = await self._opening_row(which)
        begins, ends = _window(int(time.time()), valid_from, days)
        return await self._grant(which, row, begins, ends)

    async def approve(
        self,
        consent: str,
        *,
        policy: Policy | None = None,
        valid_from: int | None = None,
        valid_to: int | None = None,
    ) -> AsyncPending:
        """Says yes to a request, for the time that was asked for unless told otherwise.

        The document must be at hand: the one given, else the one the indexer has. Without it nothing is signed.
        """
        row = await self._requested(consent)
        await self._hold(row.scope_id, policy)
        which = _Which(row.patient_id, row.grantee_id, row.scope_id)
        asked_end = UNTIL_REVOKED if row.valid_to is None else row.valid_to
        begins = row.valid_from if valid_from is None else valid_from
        return await self._grant(which, row, begins, asked_end if valid_to is None else valid_to)

    async def approve_less(
        self,
        consent: str,
        policy: Policy,
        *,
        valid_from: int | None = None,
        valid_to: int | None = None,
    ) -> AsyncPending:
        """Agrees to less than was asked: refuses the request and grants the narrower policy, under one signature."""
        signer = self._need_signer()
        row = await self._requested(consent)
        asked = await self._hold(row.scope_id, None)
        if asked.hash == policy.hash or not asked.covers(policy):
            raise ValidationError(
                "The policy is not less than what was asked for. To share something else, grant it.",
                code="POLICY_NOT_NARROWER",
            )
        await self._policies.upload(policy)
        which = _Which(row.patient_id, row.grantee_id, policy.hash)
        narrower = await self._opening_row(which)
        version = (narrower.version if narrower else 0) + 1
        asked_end = UNTIL_REVOKED if row.valid_to is None else row.valid_to
        ops = [
            intents.deny_op(row.grantee_id, row.scope_id, through_version=row.version + 1),
            intents.grant_op(
                row.grantee_id,
                policy.hash,
                valid_from=row.valid_from if valid_from is None else valid_from,
                valid_to=asked_end if valid_to is None else valid_to,
                version=version,
            ),
        ]
        intent = intents.batch(
            actor=signer.address,
            subject=row.patient_id,
            seq=(await self._subject(row.patient_id, final=True)).seq,
            ops=ops,
            deadline=int(time.time()) + SIGNATURE_LIFE,
        )
        return await self._hand_in(intent, self._goal(which, version, GIVEN))

    async def _grant(self, which: _Which, row: indexer.ConsentRow | None, begins: int, ends: int) -> AsyncPending:
        signer = self._need_signer()
        version = row.version if row else 0
        if row is None or row.status != "REQUESTED":
            version += 1  # an approval keeps the version
        intent = Intent(
            "Grant",
            {
                "actor": signer.address,
                "subject": which.subject,
                "grantee": which.grantee,
                "scopeId": which.scope_id,
                "seq": (await self._subject(which.subject, final=True)).seq,
                "validFrom": begins,
                "validTo": ends,
                "version": version,
                "deadline": int(time.time()) + SIGNATURE_LIFE,
            },
        )
        return await self._hand_in(intent, self._goal(which, version, GIVEN))

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

    async def _stop(self, action: str, consent: str | indexer.ConsentRow) -> AsyncPending:
        signer = self._need_signer()
        row = await self._latest(consent)
        through = _ordinary(row.version + 1, 32)
        which = _Which(row.patient_id, row.grantee_id, row.scope_id)
        intent = Intent(
            action,
            {
                "actor": signer.address,
                "subject": which.subject,
                "grantee": which.grantee,
                "scopeId": which.scope_id,
                "throughVersion": through,
                "deadline": NO_DEADLINE,
            },
        )
        return await self._hand_in(intent, self._goal(which, through + 1, STOPPED))

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

    async def revoke_all(self, subject: str | None = None, *, drop_delegates: bool = False) -> AsyncPending:
        """Takes everything back at once: every consent, and every grant that is signed and not yet sent."""
        signer = self._need_signer()
        address = checksum(subject or signer.address)
        state = await self._subject(address, final=False)
        intent = Intent(
            "RevokeAll",
            {
                "actor": signer.address,
                "subject": address,
                "throughEpoch": _ordinary(state.epoch, 24),
                "throughSeq": _ordinary(state.seq, 24),
                "dropDelegates": drop_delegates,
                "deadline": NO_DEADLINE,
            },
        )
        goal = Goal(STOPPED, subject=address, epoch=state.epoch + 1)
        return await self._hand_in(intent, goal)

    # ------------------------------------------------------------ inside

    def _need_signer(self) -> Signer:
        if self._signer is None:
            raise SignerError("This is signed: give the client a `signer`.", code="SIGNER_UNAVAILABLE")
        return self._signer

    def _goal(self, which: _Which, version: int, statuses: frozenset[str]) -> Goal:
        here = self._deployment
        name = consent_id(here.chain_id, here.registry, which.subject, which.grantee, which.scope_id)
        return Goal(statuses, consent_id=name, version=version)

    async def _opening_row(self, which: _Which) -> indexer.ConsentRow | None:
        """The consent as it stands; refused while that is not final, since it could still be taken back."""
        row = await self.find(patient=which.subject, grantee=which.grantee, scope_id=which.scope_id)
        if row is not None:
            self._need_final(row.finality)
        return row

    async def _requested(self, consent: str) -> indexer.ConsentRow:
        row = await self.get(consent)
        if row.status != "REQUESTED":
            raise ConflictError(f"There is no request to answer: the consent is {row.status}.", code="CONFLICT")
        self._need_final(row.finality)
        return row

    def _need_final(self, finality: str) -> None:
        if not self._deployment.is_final(finality):
            raise ConflictError(
                f"The last change is not {self._deployment.finality} yet; a grant is signed on what is. Try again "
                "in a while. A stop would not have to wait.",
                code="CONFLICT",
            )

    async def _subject(self, address: str, *, final: bool) -> indexer.SubjectRow:
        base = self._deployment.indexer
        url = f"{base}/v1/subjects/{address}"
        single = await read.get(self._transport, indexer.SingleSubject, url, base)
        read.check_as_of(self._deployment, single.as_of)
        finality = single.subject.finality
        if final and finality is not None:
            self._need_final(finality)
        return single.subject

    async def _hold(self, scope_id: str, policy: Policy | None) -> Policy:
        """Nobody signs a hash whose document is not at hand."""
        if policy is None:
            try:
                return await self._policies.get(scope_id)
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

    async def _hand_in(self, intent: Intent, goal: Goal, *, with_token: bool = False) -> AsyncPending:
        """Signs, and hands in. The same intent again changes nothing, so that it may be repeated."""
        signer = self._need_signer()
        if not same_address(intent.actor, signer.address):
            raise SignerError("The signer is not the one who decides.", code="SIGNER_WRONG_ACCOUNT")
        signed = intent.sign(self._deployment.domain, signer.sign_digest)
        digest = "0x" + intent.digest(self._deployment.domain).hex()
        base = self._deployment.relay
        answer = await self._transport.send(
            Request(
                "POST",
                f"{base}/v1/intents",
                audience=base if with_token else None,
                headers={"content-type": "application/json", "idempotency-key": digest},
                content=json.dumps(signed.to_json()).encode(),
                idempotent=True,
            )
        )
        view = read.model(relay.IntentView, answer)
        if hash_bytes(view.digest) != hash_bytes(digest):
            raise ChainError(
                "The relay names another digest than the one signed here: it serves another chain or registry.",
                code="WRONG_DEPLOYMENT",
                request_id=answer.request_id,
            )
        return AsyncPending(self._transport, self._deployment, digest, goal)


def _ordinary(through: int, bits: int) -> int:
    """A stop through the largest value would close the consent, or the subject, for good. Nobody is led into that."""
    if through >= 2**bits - 2:
        raise ConflictError("This would close the counter for good.", code="CONFLICT")
    return through


def _window(now: int, valid_from: int | None, days: int | None) -> tuple[int, int]:
    begins = now - CLOCKS if valid_from is None else valid_from
    if days is not None and days < 1:
        raise ValidationError("`days` must be at least 1.", code="INTENT_FORM")
    return begins, UNTIL_REVOKED if days is None else max(begins, now) + days * DAY
