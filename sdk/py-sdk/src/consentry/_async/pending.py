"""A decision on its way: what the relay has taken in, and the wait until it counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from ..deployment import Deployment
from ..errors import ChainError, ConflictError, ConsentryError, FinalityTimeoutError, ValidationError
from ..ids import hash_bytes
from ..models import indexer, relay
from . import read
from ._pause import sleep
from .transport import AsyncTransport

__all__ = ["AsyncPending", "Status"]

Status = Literal["accepted", "submitted", "included", "reorganised", "final"]
"""How far a decision has come. `reorganised`: its block was taken back; the relay sends it again."""

FIRST_LOOK = 0.05
LONGEST_LOOK = 1.0


@dataclass(frozen=True, slots=True)
class Goal:
    """What the indexer has to show once the decision has had its effect."""

    statuses: frozenset[str]
    consent_id: str | None = None
    version: int = 0
    """At least this one. A later state than the one signed for has overtaken it."""
    subject: str | None = None
    epoch: int = 0


class AsyncPending:
    """The relay has it, durably: switch off if you like. Waiting again goes on where it was."""

    def __init__(self, transport: AsyncTransport, deployment: Deployment, digest: str, goal: Goal) -> None:
        self._transport = transport
        self._deployment = deployment
        self._goal = goal
        self.digest = digest
        """The EIP-712 digest: the decision's name at the relay."""

    def to_json(self) -> dict[str, Any]:
        """What to keep in order to wait in another process: see `Consents.resume`. There is nothing secret in it."""
        goal = asdict(self._goal)
        return {"digest": self.digest, **goal, "statuses": sorted(self._goal.statuses)}

    @classmethod
    def from_json(cls, transport: AsyncTransport, deployment: Deployment, saved: Mapping[str, Any]) -> Self:
        """From what `to_json` gave."""
        try:
            known = dict(saved)
            digest = "0x" + hash_bytes(known.pop("digest")).hex()
            goal = Goal(statuses=frozenset(known.pop("statuses")), **known)
        except (KeyError, TypeError):
            raise ValidationError("This is no saved decision.", code="INVALID_REQUEST") from None
        return cls(transport, deployment, digest, goal)

    @property
    def consent_id(self) -> str | None:
        """The consent that it is about; None if it is about all of them."""
        return self._goal.consent_id

    async def status(self, until: float | None = None) -> relay.IntentView:
        """How far it has come, as the relay sees it."""
        url = f"{self._deployment.relay}/v1/intents/{self.digest}"
        return await read.get(self._transport, relay.IntentView, url, None, until=until)

    async def wait_for_requested(
        self,
        timeout: float = 60,
        *,
        on_status: Callable[[Status], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> indexer.ConsentRow | None:
        """Waits until the patient can see the request. See `wait_for_active`."""
        return await self._wait("REQUESTED", timeout, on_status, cancelled)

    async def wait_for_active(
        self,
        timeout: float = 60,
        *,
        on_status: Callable[[Status], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> indexer.ConsentRow | None:
        """Waits until the consent counts: mined, as final as the deployment wants, and seen by the indexer.

        Returns the consent; None where no token lets one read it, so that the relay's word is all there is. A
        reorganisation makes it wait on. After `timeout` seconds it raises FinalityTimeoutError: call it again to go
        on. `cancelled` is asked between two looks. It starts nothing that could outlive it.
        """
        return await self._wait("ACTIVE", timeout, on_status, cancelled)

    async def wait_for_revoked(
        self,
        timeout: float = 60,
        *,
        on_status: Callable[[Status], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> indexer.ConsentRow | None:
        """Waits until the stop is on the chain. Gateways deny before that. See `wait_for_active`."""
        return await self._wait("REVOKED", timeout, on_status, cancelled)

    async def _wait(
        self,
        what: str,
        timeout: float,
        on_status: Callable[[Status], None] | None,
        cancelled: Callable[[], bool] | None,
    ) -> indexer.ConsentRow | None:
        if what not in self._goal.statuses:
            raise ValidationError(f"This decision does not lead to {what}.", code="INVALID_REQUEST")
        ends = time.monotonic() + timeout
        look = FIRST_LOOK
        shown: Status | None = None
        trouble: ConsentryError | None = None
        while True:
            if cancelled is not None and cancelled():
                raise FinalityTimeoutError(
                    "The wait was cancelled. The decision itself is still on its way.",
                    code="FINALITY_TIMEOUT",
                )
            try:
                view = await self.status(ends)
                now = self._seen(view, shown)
                if now != shown and on_status is not None:
                    on_status(now)
                shown = now
                if now in ("included", "final"):
                    done, row = await self._reached(view, ends)
                    if done:
                        return row
                trouble = None
            except ConsentryError as fault:
                # A wait outlasts a restart of a service; whatever else is wrong will not get better.
                if not fault.retryable:
                    raise
                trouble = fault
            left = ends - time.monotonic()
            if left <= 0:
                raise FinalityTimeoutError(
                    f"Not {what.lower()} after {timeout:g} seconds; last seen: {shown or 'nothing'}. "
                    "It is still on its way: wait again, nothing needs to be signed or sent anew.",
                    request_id=trouble.request_id if trouble else None,
                ) from trouble
            await sleep(min(look, left))
            look = min(look * 1.5, LONGEST_LOOK)

    def _seen(self, view: relay.IntentView, before: Status | None) -> Status:
        if view.state == "failed":
            raise ChainError(
                f"The registry refused the decision: {view.reason or 'no reason given'}. Look at the consent and "
                "decide anew.",
                code="INTENT_FAILED",
            )
        if view.state in ("accepted", "submitted") and before in (
            "included",
            "final",
            "reorganised",
        ):
            return "reorganised"
        return view.state

    async def _reached(self, view: relay.IntentView, until: float) -> tuple[bool, indexer.ConsentRow | None]:
        """Whether it counts."""
        if not self._transport.has_tokens:
            return view.state == "final", None
        base = self._deployment.indexer
        goal = self._goal
        if goal.consent_id is None:
            url = f"{base}/v1/subjects/{goal.subject}"
            subject = await read.get(self._transport, indexer.SingleSubject, url, base, until=until)
            read.check_as_of(self._deployment, subject.as_of)
            is_final = view.state == "final" or self._deployment.finality == "latest"
            return is_final and subject.subject.epoch >= goal.epoch, None
        try:
            url = f"{base}/v1/consents/{goal.consent_id}"
            single = await read.get(self._transport, indexer.SingleConsent, url, base, until=until)
        except ValidationError as fault:
            if fault.code != "NOT_FOUND":
                raise
            return False, None
        read.check_as_of(self._deployment, single.as_of)
        row = single.consent
        # A stop leads above its version whatever comes between; at that version it is stopped, or was opened again.
        is_past = row.version > goal.version or (row.version == goal.version and "REVOKED" in goal.statuses)
        if is_past and row.status not in goal.statuses:
            raise ConflictError(
                f"The consent has moved on: it is {row.status}. Look at it, and decide anew.",
                code="CONFLICT",
            )
        reached = (
            row.version >= goal.version
            and row.status in goal.statuses
            # The indexer must have read the very block that the relay speaks of.
            and (view.block_number is None or single.as_of.block_no >= view.block_number)
            and self._deployment.is_final(row.finality)
        )
        return reached, row
