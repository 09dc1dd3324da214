"""Who else may decide for a patient: a parent, somebody with a power of attorney."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable

from ..errors import AuthError, ConsentryError, ValidationError
from ..ids import checksum
from ..intents import NO_DEADLINE, RIGHTS, UNTIL_REVOKED, Intent
from ..models import indexer
from .desk import AsyncDesk, deadline, ordinary
from .pending import AsyncPending

__all__ = ["AsyncDelegates"]

CLOCKS = 60


class AsyncDelegates:
    """Delegates of a subject: of the signer, unless another is named whom the signer controls."""

    def __init__(self, desk: AsyncDesk) -> None:
        self._desk = desk
        self._ledger = desk.ledger

    def list(self, *, subject: str | None = None) -> AsyncIterator[indexer.DelegateRow]:
        """Everyone who ever was one, with what their mandate is worth now."""
        return self._ledger.delegates(self._desk.subject(subject))

    async def set(
        self,
        delegate: str,
        *,
        rights: Iterable[str],
        subject: str | None = None,
        valid_from: int | None = None,
        valid_to: int | None = None,
    ) -> AsyncPending:
        """Gives somebody rights, or others than before: any of REVOKE, DENY and GRANT. What they grant ends with their
        mandate, which lasts until it is removed where no `valid_to` is given. A frozen subject names nobody."""
        about, address = self._desk.subject(subject), checksum(delegate)
        bits = _bits(rights)
        state = await self._desk.opening_subject(about)
        row = await self._ledger.delegate(about, address)
        if row is not None:
            self._desk.must_be_final(row.finality)
        nonce = (row.nonce if row else 0) + 1
        members = {
            "actor": self._desk.signer.address,
            "subject": about,
            "delegate": address,
            "rights": bits,
            "validFrom": int(time.time()) - CLOCKS if valid_from is None else valid_from,
            "validTo": UNTIL_REVOKED if valid_to is None else valid_to,
            "nonce": nonce,
            "seq": state.seq,
            "deadline": deadline(),
        }
        await self._desk.remember("delegate", nonce, about, address)
        return await self._desk.decide(Intent("SetDelegate", members))

    async def remove(self, delegate: str | indexer.DelegateRow, *, subject: str | None = None) -> AsyncPending:
        """Takes somebody's rights away, with every grant of rights that is signed and not yet sent. With the row
        at hand, not only the address, no indexer and no token is needed."""
        about = self._desk.subject(subject)
        held = None if isinstance(delegate, str) else delegate
        address = checksum(delegate if isinstance(delegate, str) else delegate.delegate)
        nonce = await self._latest_nonce(about, address, held)
        through = ordinary(await self._desk.highest("delegate", nonce + 1, about, address), 32)
        members = {
            "actor": self._desk.signer.address,
            "subject": about,
            "delegate": address,
            "throughNonce": through,
            "deadline": NO_DEADLINE,
        }
        await self._desk.remember("delegate", through + 1, about, address)
        return await self._desk.decide(Intent("RemoveDelegate", members))

    async def _latest_nonce(self, subject: str, address: str, held: indexer.DelegateRow | None) -> int:
        """What a caller holds may be old, but is better than nothing for what only protects."""
        try:
            row = await self._ledger.delegate(subject, address)
        except ConsentryError as fault:
            if held is None or not (fault.retryable or isinstance(fault, AuthError)):
                raise
            row = None
        return max((each.nonce for each in (row, held) if each is not None), default=0)


def _bits(rights: Iterable[str]) -> int:
    named = {rights} if isinstance(rights, str) else set(rights)
    if not named or not named <= set(RIGHTS):
        raise ValidationError(f"`rights` are some of {', '.join(RIGHTS)}.", code="INVALID_REQUEST")
    return sum(RIGHTS[name] for name in named)
