"""Waiting until a decision counts: finality, reorganisations, restarts, giving up."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import httpx2
import pytest
from fake import AS_OF, CLINIC, HASH, PATIENT, Services, consent, deployment, problem, view
from joserfc.jwk import ECKey

from consentry import (
    AsyncClient,
    AsyncStaticTokens,
    ChainError,
    Client,
    ClientCredentials,
    ConflictError,
    FinalityTimeoutError,
    Policy,
    ValidationError,
)
from consentry._sync import pending as sync_pending


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync_pending, "sleep", lambda _: None)


def row(status: str, version: int, block: int = 10, **changes: Any) -> dict[str, Any]:
    return {"asOf": AS_OF | {"blockNo": block}, "consent": consent(status, version, **changes)}


ACTIVE = row("ACTIVE", 3)


def waiting(services: Services, *rows: Any, **changes: Any) -> tuple[Any, list[Any]]:
    """A revocation of version 3 under way; afterwards the indexer answers with these rows."""
    services.on("GET indexer /v1/consents/", ACTIVE, *rows)
    client = services.client(PATIENT, **changes)
    return client.consents.revoke(HASH), []


def test_a_wait_ends_when_the_indexer_shows_it() -> None:
    services = Services().relay("accepted", "submitted", "included", "final")
    pending, seen = waiting(services, ACTIVE, row("REVOKED", 5))
    found = pending.wait_for_revoked(on_status=seen.append)
    assert (found.status, found.version) == ("REVOKED", 5)
    assert [(status.intent, status.consent) for status in seen] == [
        ("accepted", "ACTIVE"),
        ("submitted", "REVOKED"),
        ("included", "REVOKED"),
    ]


def test_a_reorganisation_reopens_the_wait() -> None:
    services = Services().relay("included", blockNumber=9)
    pending, seen = waiting(services, ACTIVE, ACTIVE, ACTIVE, row("REVOKED", 5))
    services.on(
        "GET relay /v1/intents/",
        view("included", pending.digest, blockNumber=9),
        view("submitted", pending.digest),
        view("included", pending.digest, blockNumber=10),
    )
    assert pending.wait_for_revoked(on_status=seen.append).status == "REVOKED"
    assert [(status.intent, status.reorganised) for status in seen] == [
        ("included", False),
        ("submitted", True),
        ("included", False),
        ("included", False),
    ]
    assert "its block was taken back" in str(seen[1])


def test_an_opening_counts_in_the_block_and_transaction_that_the_relay_names() -> None:
    """Until the two agree, one of them is on a fork."""
    at = {"blockNumber": 9, "transaction": "0x" + "bb" * 32}
    services = Services().relay("included", **at)
    services.on("GET indexer /v1/subjects/", subject(0)).on("PUT indexer /v1/policies/", httpx2.Response(201))
    services.on("GET indexer /v1/consents/", httpx2.Response(404, json={}))
    client = services.client(PATIENT)
    pending = client.consents.create(grantee=CLINIC.address, policy=Policy.build(resources=["Observation"]))
    other = row("ACTIVE", 1, txHash=at["transaction"], blockNo=8)
    same = row("ACTIVE", 1, txHash=at["transaction"], blockNo=9)
    services.on("GET indexer /v1/consents/", row("ACTIVE", 1), other, same)
    found = pending.wait_for_active()
    assert found is not None
    assert (found.block_no, found.tx_hash) == (9, at["transaction"])


def test_a_relay_that_lost_a_decision_is_given_the_same_bytes_again() -> None:
    services = Services().relay("final")
    pending, _ = waiting(services, row("REVOKED", 5))
    known = services._answers["GET relay /v1/intents/"]
    services.on("GET relay /v1/intents/", httpx2.Response(404, json={}), *known)
    pending.wait_for_revoked()
    sent = [request.content for request in services.asked if request.method == "POST"]
    assert len(sent) == 2
    assert sent[0] == sent[1]


def test_a_block_that_is_not_final_enough_does_not_count() -> None:
    services = Services().relay("included")
    pending, _ = waiting(
        services,
        row("REVOKED", 5, finality="latest"),
        row("REVOKED", 5, finality="safe"),
        row("REVOKED", 5, finality="finalized"),
        finality="finalized",
    )
    assert pending.wait_for_revoked().finality == "finalized"


def test_an_indexer_behind_the_relays_block_is_waited_for() -> None:
    services = Services().relay("included", blockNumber=12)
    pending, _ = waiting(services, row("REVOKED", 5, block=11), row("REVOKED", 5, block=12))
    pending.wait_for_revoked()
    asked = [line for line in services.lines() if line.startswith("GET /v1/consents/")]
    assert len(asked) == 3


def test_a_refusal_by_the_registry_ends_the_wait() -> None:
    services = Services().relay("failed", reason="WrongVersion")
    pending, _ = waiting(services)
    with pytest.raises(ChainError, match="WrongVersion") as failed:
        pending.wait_for_revoked()
    assert failed.value.code == "INTENT_FAILED"


def test_a_consent_that_moved_on_ends_the_wait() -> None:
    services = Services().relay("final")
    pending, _ = waiting(services, row("ACTIVE", 9))
    with pytest.raises(ConflictError, match="ACTIVE"):
        pending.wait_for_revoked()


def test_a_wait_outlasts_services_that_are_away() -> None:
    services = Services().relay("final")
    pending, _ = waiting(
        services, problem(503, "unavailable"), problem(503, "stale-index"), problem(503, "x"), row("REVOKED", 5)
    )
    sleepless = pytest.MonkeyPatch()
    with sleepless.context() as patch:
        from consentry._sync import transport

        patch.setattr(transport, "sleep", lambda _: None)
        assert pending.wait_for_revoked().status == "REVOKED"


def test_when_time_is_over_the_wait_says_so_and_can_be_taken_up_again() -> None:
    services = Services().relay("submitted")
    pending, _ = waiting(services, row("REVOKED", 5))
    with pytest.raises(FinalityTimeoutError, match="last seen: submitted") as late:
        pending.wait_for_revoked(timeout=0)
    assert late.value.retryable
    handed_in = [line for line in services.lines() if line.startswith("POST")]
    services.relay("final")
    digest = pending.digest
    services.on("GET relay /v1/intents/", view("final", digest))
    assert pending.wait_for_revoked().status == "REVOKED"
    assert [line for line in services.lines() if line.startswith("POST")] == handed_in, "nothing was sent anew"


def test_a_cancelled_wait_asks_no_more() -> None:
    services = Services().relay("submitted")
    pending, _ = waiting(services)
    before = threading.active_count()
    looks = iter([False, False, True])
    with pytest.raises(FinalityTimeoutError, match="cancelled"):
        pending.wait_for_revoked(cancelled=lambda: next(looks))
    asked = len(services.asked)
    assert threading.active_count() == before
    assert len([line for line in services.lines() if line.startswith("GET /v1/intents/")]) == 2
    assert len(services.asked) == asked


def test_a_revocation_is_not_waited_for_as_a_grant() -> None:
    pending, _ = waiting(Services().relay("final"))
    with pytest.raises(ValidationError):
        pending.wait_for_active()


def subject(epoch: int) -> dict[str, Any]:
    body = {"subject": PATIENT.address, "controller": PATIENT.address, "epoch": epoch, "authEpoch": 0, "seq": 0}
    return {"asOf": AS_OF, "subject": body | {"recoveryNonce": 0, "lastProposalId": 0}}


def test_stopping_everything_is_done_when_the_subjects_epoch_is_past() -> None:
    services = Services().relay("final").on("GET indexer /v1/subjects/", subject(0), subject(0), subject(2))
    with services.client(PATIENT) as client:
        assert client.consents.revoke_all().wait_for_revoked() is None
    assert len([line for line in services.lines() if "subjects" in line]) == 3


def test_a_cancelled_task_leaves_nothing_running() -> None:
    services = Services().relay("submitted").on("GET indexer /v1/consents/", ACTIVE)

    async def run() -> None:
        tokens = AsyncStaticTokens({"https://indexer.example": "t"})
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(services.handle))
        async with http, AsyncClient(deployment(), auth=tokens, signer=PATIENT, http=http) as client:
            pending = await client.consents.revoke(HASH)
            seen = asyncio.Event()
            task = asyncio.ensure_future(pending.wait_for_revoked(on_status=lambda _: seen.set()))
            await seen.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            asked = len(services.asked)
            assert asyncio.all_tasks() == {asyncio.current_task()}
            await asyncio.sleep(0)
            assert len(services.asked) == asked

    asyncio.run(run())


def test_a_wait_can_be_taken_up_in_another_process() -> None:
    services = Services().relay("final")
    pending, _ = waiting(services, row("REVOKED", 5))
    saved = json.loads(json.dumps(pending.to_json()))
    with services.client() as client:
        again = client.consents.resume(saved)
        assert (again.digest, again.consent_id) == (pending.digest, pending.consent_id)
        found = again.wait_for_revoked()
        assert found is not None
        assert found.version == 5
        with pytest.raises(ValidationError):
            client.consents.resume({"digest": HASH, "more": 1})


def test_a_grant_that_lands_before_the_stop_does_not_end_the_wait_for_the_stop() -> None:
    services = Services().relay("included")
    pending, _ = waiting(services, row("ACTIVE", 4), row("REVOKED", 5))
    assert pending.wait_for_revoked().version == 5


def test_a_consent_that_was_opened_again_at_once_is_not_taken_for_stopped() -> None:
    pending, _ = waiting(Services().relay("final"), row("ACTIVE", 5))
    with pytest.raises(ConflictError, match="ACTIVE"):
        pending.wait_for_revoked()


def test_the_time_to_wait_is_also_that_of_asking_for_a_token() -> None:
    """An issuer that does not answer must not make a wait longer than was said."""
    services = Services().relay("final").on("GET indexer /v1/consents/", ACTIVE)
    limits: list[float] = []

    def token(request: httpx2.Request) -> httpx2.Response:
        limits.append(request.extensions["timeout"]["read"])
        return httpx2.Response(200, json={"access_token": "t", "token_type": "Bearer", "expires_in": 1})

    services.on("POST auth /oauth2/token", token)
    auth = ClientCredentials("https://auth.example", "clinic", ECKey.generate_key("P-256").as_dict(private=True), "x")
    http = httpx2.Client(transport=httpx2.MockTransport(services.handle))
    with Client(deployment(), auth=auth, signer=PATIENT, http=http) as client:
        pending = client.consents.revoke(HASH)
        services.on("GET indexer /v1/consents/", row("REVOKED", 5))
        assert pending.wait_for_revoked(timeout=3) is not None
    assert limits[0] == 20, "outside a wait"
    assert 0 < limits[-1] <= 3
