"""Waits while the chain of a running stack is reorganised: what was taken back is brought again, and the wait goes on.

Decisions are sent directly here: the relay of a local stack lets go of an intent as soon as a block has it, so that a
reorganisation after that is none of its business; a deployment's relay waits for finality.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from stack import address_of, endpoints, finalize, node_of, person_of, rpc, take_back

from consentry import (
    AsyncClient,
    AsyncInProcessMemory,
    Client,
    Deployment,
    FinalityTimeoutError,
    InProcessMemory,
    Pending,
    Policy,
    WaitStatus,
)
from consentry.signers import LocalKeySigner

pytestmark = pytest.mark.stack
POLICY = Policy.build(resources=["Observation"])


@pytest.fixture
def here() -> Deployment:
    """The stack, with the finality that a public chain would have."""
    return replace(Deployment.read(endpoints()), finality="finalized")


@pytest.fixture
def person(here: Deployment) -> Iterator[dict[str, str]]:
    """Whatever they agree to ends with the test."""
    chosen = person_of(here)
    yield chosen
    with Client.for_development(replace(here, finality="latest"), f"patient:{chosen['fhirId']}") as patient:
        patient.consents.revoke_all().wait_for_revoked()


@pytest.fixture
def patient(here: Deployment, person: dict[str, str]) -> Iterator[Client]:
    """The patient, who sends decisions themselves."""
    rpc(here, "anvil_setBalance", person["subject"], hex(10**18))
    who = f"patient:{person['fhirId']}"
    with Client.for_development(here, who, memory=InProcessMemory(), node=node_of(here)) as client:
        yield client


class Reorganisation:
    """Takes the decision's block back once a wait has seen it; makes what comes instead final."""

    def __init__(self, here: Deployment, pending: Pending) -> None:
        self._here = here
        self._pending = pending
        self.seen: list[WaitStatus] = []
        self.taken: int | None = None
        self.noticed = False

    def __call__(self, status: WaitStatus) -> None:
        self.seen.append(status)
        if self.taken is None:
            block = self._pending.status().block_number
            if status.intent == "included" and status.consent is not None and block is not None:
                self.taken = block
                take_back(self._here, block)
            return
        self.noticed |= status.reorganised
        if self.noticed and status.intent == "included":
            finalize(self._here)


def given(here: Deployment, patient: Client, **options: Any) -> Pending:
    return patient.consents.create(grantee=address_of(here, "clinic-a"), policy=POLICY, days=1, **options)


def test_a_grant_that_is_taken_back_is_sent_again_until_it_is_final(
    here: Deployment, patient: Client, person: dict[str, str]
) -> None:
    pending = given(here, patient)
    sent = pending.to_json()["transaction"]
    reorganisation = Reorganisation(here, pending)
    row = pending.wait_for_active(timeout=60, on_status=reorganisation)
    assert row is not None
    assert (row.status, row.version, row.finality) == ("ACTIVE", 1, "finalized")
    assert reorganisation.noticed, reorganisation.seen
    assert reorganisation.taken is not None
    assert row.block_no > reorganisation.taken
    assert row.tx_hash == sent["hash"], "the same bytes"
    assert int(rpc(here, "eth_getTransactionCount", person["subject"], "latest"), 16) == sent["nonce"] + 1
    # Another process takes the wait up.
    again = patient.consents.resume(json.loads(json.dumps(pending.to_json())))
    assert again.wait_for_active(timeout=10) is not None


def test_a_stop_that_is_taken_back_is_sent_again_too(here: Deployment, patient: Client) -> None:
    pending = given(here, patient)
    pending.wait_for_active(timeout=60, finality="latest")
    assert pending.consent_id is not None
    stop = patient.consents.revoke(pending.consent_id)
    reorganisation = Reorganisation(here, stop)
    row = stop.wait_for_revoked(timeout=60, on_status=reorganisation)
    assert row is not None
    assert (row.status, row.finality) == ("REVOKED", "finalized")
    assert reorganisation.noticed, reorganisation.seen


def test_the_payer_is_not_who_decides(here: Deployment, person: dict[str, str]) -> None:
    payer = LocalKeySigner("0x" + "5a" * 32)
    rpc(here, "anvil_setBalance", payer.address, hex(10**18))
    with Client.for_development(here, f"patient:{person['fhirId']}") as known:
        options: dict[str, Any] = {"auth": known.transport._tokens, "memory": InProcessMemory()}
    signer = LocalKeySigner(person["privateKey"])
    with Client(here, signer=signer, node=node_of(here), payer=payer, **options) as patient:
        pending = given(here, patient)
        pending.wait_for_applied(finality="latest")
        assert pending.consent_id is not None
        stop = patient.consents.revoke(pending.consent_id)
        assert stop.wait_for_revoked(finality="latest") is not None
        transaction = rpc(here, "eth_getTransactionByHash", stop.to_json()["transaction"]["hash"])
    assert transaction["from"].lower() == payer.address.lower()


def test_what_is_not_final_in_time_is_waited_for_again(here: Deployment, patient: Client) -> None:
    pending = given(here, patient)
    pending.wait_for_active(finality="latest")
    with pytest.raises(FinalityTimeoutError, match="in a latest block") as late:
        pending.wait_for_active(timeout=0)
    assert "wait again" in late.value.message
    finalize(here)
    assert pending.wait_for_active(timeout=30) is not None


def test_a_cancelled_wait_leaves_nothing_running(here: Deployment, person: dict[str, str]) -> None:
    async def run() -> None:
        who = f"patient:{person['fhirId']}"
        async with AsyncClient.for_development(here, who, memory=AsyncInProcessMemory()) as patient:
            grantee = address_of(here, "clinic-a")
            pending = await patient.consents.create(grantee=grantee, policy=POLICY, days=1)
            seen = asyncio.Event()
            task = asyncio.ensure_future(pending.wait_for_active(timeout=60, on_status=lambda _: seen.set()))
            await seen.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert asyncio.all_tasks() == {asyncio.current_task()}
            # The client is as good as before, and so is the decision.
            assert await pending.wait_for_active(timeout=30, finality="latest") is not None

    asyncio.run(run())
