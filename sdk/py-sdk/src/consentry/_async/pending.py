"""A decision on its way, and the wait until it counts."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any, Protocol, TypeVar

from ..deployment import RANK, Deployment, Finality
from ..errors import ChainError, ConflictError, ConsentryError, FinalityTimeoutError, ValidationError
from ..ids import hash_bytes
from ..models import indexer
from ..progress import IntentStatus, WaitStatus
from ._pause import sleep
from .ledger import AsyncLedger

__all__ = ["AsyncPending", "Goal"]

FIRST_LOOK = 0.05
LONGEST_LOOK = 1.0
OVER = ("REVOKED", "DENIED", "EXPIRED", "ABSENT")
"""What an opening does not become by itself."""

T = TypeVar("T")


class Carried(Protocol):
    """A decision with whoever brings it onto the chain."""

    async def look(self, until: float | None) -> IntentStatus:
        """How far it has come. What got lost is sent again, the same bytes."""
        ...

    def to_json(self) -> dict[str, Any]:
        """What is needed to ask again."""
        ...


@dataclass(frozen=True, slots=True)
class Goal:
    """What a decision leads to, so that a wait knows its end."""

    consent_id: str | None = None
    """None if it is not about one consent."""
    version: int = 0
    """The version that the consent has then; of a stop, the least."""
    stop: bool = False
    subject: str | None = None
    """Of a stop of everything: whose epoch is raised."""
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found beside how far the decision is."""

    consent: str | None
    finality: str | None
    reached: bool
    row: indexer.ConsentRow | None = None


class AsyncPending:
    """It is kept durably, or sent: switch off if you like. Waiting again goes on where it was."""

    def __init__(
        self,
        ledger: AsyncLedger,
        deployment: Deployment,
        carried: Carried,
        digest: str,
        goal: Goal,
        *,
        has_tokens: bool,
    ) -> None:
        self._ledger = ledger
        self._deployment = deployment
        self._carried = carried
        self._goal = goal
        self._has_tokens = has_tokens
        self.digest = digest
        """The EIP-712 digest that was signed: the decision's name."""

    def to_json(self) -> dict[str, Any]:
        """What to keep in order to wait in another process: see `Consents.resume`. There is nothing secret in it."""
        return {"digest": self.digest, **asdict(self._goal), **self._carried.to_json()}

    @property
    def consent_id(self) -> str | None:
        """The consent that it is about; None if it is not about one."""
        return self._goal.consent_id

    async def status(self) -> IntentStatus:
        """How far it has come, as whoever brings it sees it."""
        return await self._carried.look(None)

    async def wait_for_requested(
        self,
        timeout: float = 60,
        *,
        finality: Finality | None = None,
        on_status: Callable[[WaitStatus], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> indexer.ConsentRow | None:
        """Waits until the patient can see the request; it may be answered by then. See `wait_for_active`."""
        wanted = ("REQUESTED", "CONFIRMING", "SCHEDULED", "ACTIVE")
        return await self._wait_for_consent(wanted, False, timeout, finality, on_status, cancelled)

    async def wait_for_active(
        self,
        timeout: float = 60,
        *,
        finality: Finality | None = None,
        on_status: Callable[[WaitStatus], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> indexer.ConsentRow | None:
        """Waits until the consent counts: mined, as final as the deployment wants, and seen in that very block by the
        indexer. A consent that begins later counts as soon as it is SCHEDULED.

        Returns the consent; None where no token lets one read it, so that the relay's word is all there is. A
        reorganisation makes it wait on. After `timeout` seconds it raises FinalityTimeoutError: call it again to go
        on. `cancelled` is asked between two looks. It starts nothing that could outlive it.
        """
        return await self._wait_for_consent(("ACTIVE", "SCHEDULED"), False, timeout, finality, on_status, cancelled)

    async def wait_for_denied(
        self,
        timeout: float = 60,
        *,
        finality: Finality | None = None,
        on_status: Callable[[WaitStatus], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> indexer.ConsentRow | None:
        """Waits until a request is refused on the chain. See `wait_for_active`."""
        return await self._wait_for_consent(("DENIED", "REVOKED"), True, timeout, finality, on_status, cancelled)

    async def wait_for_revoked(
        self,
        timeout: float = 60,
        *,
        finality: Finality | None = None,
        on_status: Callable[[WaitStatus], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> indexer.ConsentRow | None:
        """Waits until a stop is on the chain. Gateways deny before that. None if it stopped everything. See
        `wait_for_active`."""
        if self._goal.consent_id is not None:
            return await self._wait_for_consent(OVER, True, timeout, finality, on_status, cancelled)
        if self._goal.subject is None:
            raise _other_end("wait_for_applied")
        return await self._wait(self._look_at_subject, "revoked", timeout, finality, on_status, cancelled)

    async def wait_for_applied(
        self,
        timeout: float = 60,
        *,
        finality: Finality | None = None,
        on_status: Callable[[WaitStatus], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        """Waits until the decision, whatever it is, is in a block that is final enough, and the indexer has that block.
        See `wait_for_active`."""
        await self._wait(self._look_at_chain, "applied", timeout, finality, on_status, cancelled)

    # ------------------------------------------------------------ one look

    async def _wait_for_consent(
        self,
        wanted: tuple[str, ...],
        stop: bool,
        timeout: float,
        finality: Finality | None,
        on_status: Callable[[WaitStatus], None] | None,
        cancelled: Callable[[], bool] | None,
    ) -> indexer.ConsentRow | None:
        if self._goal.consent_id is None or self._goal.stop != stop:
            raise _other_end("wait_for_revoked" if self._goal.stop else "another wait")

        async def look(view: IntentStatus, must: Finality, until: float) -> Look:
            return await self._look_at_consent(wanted, view, must, until)

        return await self._wait(look, wanted[0].lower(), timeout, finality, on_status, cancelled)

    async def _look_at_consent(self, wanted: tuple[str, ...], view: IntentStatus, must: Finality, until: float) -> Look:
        goal = self._goal
        assert goal.consent_id is not None
        if not self._has_tokens:
            return Look(None, None, view.state == "final")
        try:
            single = await self._ledger.single(goal.consent_id, until)
        except ValidationError as fault:
            if fault.code != "NOT_FOUND":
                raise
            return Look(None, None, reached=False)
        row = single.consent
        found = Look(row.status, row.finality, reached=False, row=row)
        if not view.is_in or row.version < goal.version:
            return found
        overtaken = row.version > goal.version
        if row.status not in wanted:
            # A stop leads above its version whatever comes between; at that version it is stopped, or was opened again.
            if overtaken or goal.stop or row.status in OVER:
                raise ConflictError(
                    f"The consent has moved on: it is {row.status} at version {row.version}. Look at it, and decide "
                    "anew.",
                    code="CONFLICT",
                )
            return found
        # The indexer must speak of the very block that the relay speaks of, else one of them is on a fork.
        if goal.stop or overtaken or view.transaction is None:
            is_same = view.block_number is None or single.as_of.block_no >= view.block_number
        else:
            is_same = view.transaction.lower() == row.tx_hash.lower() and view.block_number == row.block_no
        return Look(row.status, row.finality, is_same and is_at_least(row.finality, must), row)

    async def _look_at_subject(self, view: IntentStatus, must: Finality, until: float) -> Look:
        goal = self._goal
        assert goal.subject is not None
        if not self._has_tokens:
            return Look(None, None, view.state == "final")
        subject = await self._ledger.subject(goal.subject, until)
        is_final = view.state == "final" or (subject.finality is not None and is_at_least(subject.finality, must))
        return Look(None, subject.finality, view.is_in and is_final and subject.epoch >= goal.epoch)

    async def _look_at_chain(self, view: IntentStatus, must: Finality, until: float) -> Look:
        if not self._has_tokens or not view.is_in or view.block_number is None:
            return Look(None, None, view.state == "final")
        chain = await self._ledger.chain(until)
        block = view.block_number
        is_indexed = chain.indexed is not None and chain.indexed.block_no >= block
        heights = {"latest": chain.latest, "safe": chain.safe, "finalized": chain.finalized}
        reached = [name for name, height in heights.items() if height is not None and height >= block]
        found = max(reached, key=RANK.index, default=None)
        return Look(
            None, found, is_indexed and (view.state == "final" or (found is not None and is_at_least(found, must)))
        )

    # ------------------------------------------------------------ many looks

    async def _wait(
        self,
        look: Callable[[IntentStatus, Finality, float], Awaitable[Look]],
        what: str,
        timeout: float,
        finality: Finality | None,
        on_status: Callable[[WaitStatus], None] | None,
        cancelled: Callable[[], bool] | None,
    ) -> indexer.ConsentRow | None:
        ends = time.monotonic() + timeout
        must = finality or self._deployment.finality
        pause = FIRST_LOOK
        shown: WaitStatus | None = None
        block: int | None = None
        trouble: ConsentryError | None = None
        while True:
            if cancelled is not None and cancelled():
                raise FinalityTimeoutError("The wait was cancelled. The decision itself is still on its way.")
            try:
                view = await self._carried.look(ends)
                if view.state == "failed":
                    raise ChainError(
                        f"The registry refused the decision: {view.reason or 'no reason given'}. Look at the consent "
                        "and decide anew.",
                        code="INTENT_FAILED",
                    )
                found = await look(view, must, ends)
                reorganised = block is not None and view.block_number != block
                block = view.block_number
                now = WaitStatus(view.state, found.consent, found.finality, reorganised)
                if now != shown and on_status is not None:
                    on_status(now)
                shown = now
                if found.reached:
                    return found.row
                trouble = None
            except ConsentryError as fault:
                # A wait outlasts a restart of a service; whatever else is wrong will not get better.
                if not fault.retryable:
                    raise
                trouble = fault
            left = ends - time.monotonic()
            if left <= 0:
                why = f" The last look failed: {trouble.message}" if trouble else ""
                raise FinalityTimeoutError(
                    f"Not {what} after {timeout:g} seconds; last seen: {shown or 'nothing'}. "
                    f"It is still on its way: wait again, nothing needs to be signed or sent anew.{why}",
                    request_id=trouble.request_id if trouble else None,
                ) from trouble
            await sleep(min(pause, left))
            pause = min(pause * 1.5, LONGEST_LOOK)


def is_at_least(finality: str, must: Finality) -> bool:
    """Whether a block is as final as it must be."""
    return finality in RANK and RANK.index(finality) >= RANK.index(must)


def _other_end(verb: str) -> ValidationError:
    return ValidationError(f"This decision does not lead there; use {verb}.", code="INVALID_REQUEST")


def goal_of(saved: dict[str, Any]) -> tuple[str, Goal]:
    """Digest and goal from what `to_json` gave, without what the carrier keeps."""
    try:
        digest = "0x" + hash_bytes(saved.pop("digest")).hex()
        goal = Goal(**saved)
        numbers, names = (goal.version, goal.epoch), (goal.consent_id, goal.subject)
        if not all(type(number) is int for number in numbers) or not all(
            isinstance(name, str | None) for name in names
        ):
            raise TypeError
    except (KeyError, TypeError):
        raise ValidationError("This is not what `Pending.to_json` gave.", code="INVALID_REQUEST") from None
    return digest, goal
