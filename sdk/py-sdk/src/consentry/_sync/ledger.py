# Made from consentry/_async by tools/generate.py. Do not edit.
"""What the indexer knows. Nothing of another chain or registry is believed."""

from __future__ import annotations

from collections.abc import Iterator

from ..deployment import Deployment
from ..errors import ValidationError
from ..ids import hash_bytes, same_address
from ..models import indexer
from . import read
from .transport import Transport

__all__ = ["Ledger"]


class Ledger:
    """Reads consents, subjects and delegates."""

    def __init__(self, transport: Transport, deployment: Deployment) -> None:
        self._transport = transport
        self._deployment = deployment
        self._base = deployment.indexer

    def single(self, consent: str, until: float | None = None) -> indexer.SingleConsent:
        """One consent, and what the answer rests on."""
        name = "0x" + hash_bytes(consent, "consent").hex()
        url = f"{self._base}/v1/consents/{name}"
        answer = read.get(self._transport, indexer.SingleConsent, url, self._base, until=until)
        read.check_as_of(self._deployment, answer.as_of)
        return answer

    def get(self, consent: str) -> indexer.ConsentRow:
        """One consent by its id."""
        return (self.single(consent)).consent

    def find(self, consent: str) -> indexer.ConsentRow | None:
        """The same, or nothing where there is no such consent for this caller."""
        try:
            return self.get(consent)
        except ValidationError as fault:
            if fault.code != "NOT_FOUND":
                raise
            return None

    def list(
        self, patient: str | None, grantee: str | None, scope_id: str | None, status: str | None
    ) -> Iterator[indexer.ConsentRow]:
        """All that match, page after page."""
        asked = [("patient", patient), ("grantee", grantee), ("scope", scope_id), ("status", status)]
        params = [(name, value) for name, value in asked if value is not None]
        cursor: str | None = None
        while True:
            more = [("cursor", cursor)] if cursor else []
            page = read.get(
                self._transport, indexer.ConsentPage, f"{self._base}/v1/consents", self._base, params + more
            )
            read.check_as_of(self._deployment, page.as_of)
            for row in page.consents:
                yield row
            cursor = page.next
            if cursor is None:
                return

    def changes(self, after: int) -> Iterator[indexer.Change]:
        """Every change after a revision, the oldest first."""
        here: int | None = after
        while here is not None:
            params = [("after", str(here)), ("limit", "500")]
            page = read.get(self._transport, indexer.ChangePage, f"{self._base}/v1/changes", self._base, params)
            read.check_as_of(self._deployment, page.as_of)
            for change in page.changes:
                yield change
            here = page.next

    def subject(self, address: str, until: float | None = None) -> indexer.SubjectRow:
        """Who decides for a subject, and its counters."""
        url = f"{self._base}/v1/subjects/{address}"
        answer = read.get(self._transport, indexer.SingleSubject, url, self._base, until=until)
        read.check_as_of(self._deployment, answer.as_of)
        return answer.subject

    def delegates(self, subject: str) -> Iterator[indexer.DelegateRow]:
        """Everyone who ever was a delegate of a subject."""
        cursor: str | None = None
        while True:
            params = [("cursor", cursor)] if cursor else []
            url = f"{self._base}/v1/subjects/{subject}/delegates"
            page = read.get(self._transport, indexer.DelegatePage, url, self._base, params)
            read.check_as_of(self._deployment, page.as_of)
            for row in page.delegates:
                yield row
            cursor = page.next
            if cursor is None:
                return

    def delegate(self, subject: str, address: str) -> indexer.DelegateRow | None:
        """One of them, if it ever was one."""
        for row in self.delegates(subject):
            if same_address(row.delegate, address):
                return row
        return None

    def chain(self, until: float | None = None) -> indexer.ChainStatus:
        """The chain's heights and how far they are indexed."""
        url = f"{self._base}/v1/chain"
        status = read.get(self._transport, indexer.ChainStatus, url, self._base, until=until)
        read.check_place(self._deployment, status.chain_id, status.registry)
        return status
