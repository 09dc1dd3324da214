"""What is signed and what is not: openings on final state, stops with a version, no hash without its document."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from fake import AS_OF, CLINIC, HASH, PATIENT, Services, consent, deployment

from consentry import (
    ChainError,
    ConflictError,
    ConsentryError,
    LocalKeySigner,
    Policy,
    SignedIntent,
    SignerError,
    ValidationError,
)
from consentry.intents import NO_DEADLINE, UNTIL_REVOKED
from consentry.models.indexer import ConsentRow
from consentry.signers import verify_signature

POLICY = Policy.build(resources=["Condition", "Observation"])
LESS = Policy.build(resources=["Observation"])


def single(status: str, version: int, **changes: Any) -> dict[str, Any]:
    as_of = changes.pop("asOf", AS_OF)
    return {"asOf": as_of, "consent": consent(status, version, scopeId=POLICY.hash, **changes)}


def subject(**changes: Any) -> dict[str, Any]:
    row = {
        "subject": PATIENT.address,
        "controller": PATIENT.address,
        "epoch": 2,
        "authEpoch": 0,
        "seq": 5,
        "recoveryNonce": 0,
        "lastProposalId": 0,
    }
    return {"asOf": AS_OF, "subject": row | changes}


def services(**answers: Any) -> Services:
    made = Services().relay("final")
    made.on("GET indexer /v1/subjects/", answers.get("subject", subject()))
    made.on("PUT indexer /v1/policies/", httpx2.Response(201))
    made.on("GET indexer /v1/policies/", httpx2.Response(200, content=POLICY.canonical))
    made.on(f"GET indexer /v1/consents/{HASH}", answers.get("one", single("REQUESTED", 4)))
    if before := answers.get("before"):
        made.on("GET indexer /v1/consents/", {"asOf": AS_OF, "consent": before})
    return made


def signed(made: Services) -> SignedIntent:
    """What was handed in, its signature checked."""
    bodies = [json.loads(request.content) for request in made.asked if request.method == "POST"]
    assert len(bodies) == 1
    intent = SignedIntent.from_json(bodies[0])
    verify_signature(intent.intent.digest(deployment().domain), intent.signature, intent.intent.actor)
    return intent


def nothing_signed(made: Services) -> None:
    assert not [request for request in made.asked if request.method == "POST"]


@pytest.mark.parametrize(("status", "version"), [("ACTIVE", 3), ("REVOKED", 9), ("EXPIRED", 1), ("REQUESTED", 2)])
def test_a_stop_names_the_version_seen_plus_one_and_works_for_ever(status: str, version: int) -> None:
    for verb, action in (("revoke", "Revoke"), ("deny", "Deny")):
        made = services(one=single(status, version))
        with made.client(PATIENT) as client:
            getattr(client.consents, verb)(HASH)
        intent = signed(made).intent
        assert intent.action == action
        assert intent.members["throughVersion"] == version + 1
        assert intent.members["deadline"] == NO_DEADLINE


def test_a_stop_is_signed_on_state_that_is_not_final_and_an_opening_is_not() -> None:
    made = services(one=single("REQUESTED", 4, finality="latest"))
    with made.client(PATIENT, finality="finalized") as client:
        with pytest.raises(ConflictError, match="not finalized yet"):
            client.consents.approve(HASH)
        nothing_signed(made)
        client.consents.revoke(HASH)
    assert signed(made).intent.is_stop


def test_an_opening_needs_the_subjects_counters_final_too() -> None:
    place = {"finality": "safe", "blockNo": 1, "blockHash": HASH, "txHash": HASH, "logIndex": 0}
    made = services(one=single("REQUESTED", 4, finality="finalized"), subject=subject(**place))
    with made.client(PATIENT, finality="finalized") as client, pytest.raises(ConflictError, match="not finalized yet"):
        client.consents.approve(HASH)
    nothing_signed(made)


def test_an_approval_keeps_the_version_and_the_time_that_was_asked_for() -> None:
    made = services(one=single("REQUESTED", 4, validFrom=7, validTo=99))
    with made.client(PATIENT) as client:
        client.consents.approve(HASH)
    members = signed(made).intent.members
    assert (members["version"], members["seq"], members["validFrom"], members["validTo"]) == (4, 5, 7, 99)
    assert members["scopeId"] == POLICY.hash


@pytest.mark.parametrize(
    ("before", "version"),
    [(None, 1), (consent("ACTIVE", 3), 4), (consent("REQUESTED", 3), 3), (consent("EXPIRED", 8), 9)],
)
def test_a_grant_names_the_one_version_it_leads_to(before: dict[str, Any] | None, version: int) -> None:
    made = services(before=before)
    with made.client(PATIENT) as client:
        client.consents.create(grantee=CLINIC.address, policy=POLICY)
    members = signed(made).intent.members
    assert members["version"] == version
    assert members["validTo"] == UNTIL_REVOKED
    assert members["deadline"] < NO_DEADLINE
    lines = list(made.lines())
    assert lines.index(f"PUT /v1/policies/{POLICY.hash}") < lines.index("POST /v1/intents"), "the document comes first"


def test_no_hash_is_signed_without_its_document() -> None:
    missing = services()
    missing.on("GET indexer /v1/policies/", httpx2.Response(404, json={"type": "x/not-found", "detail": "No."}))
    with missing.client(PATIENT) as client, pytest.raises(ValidationError) as refused:
        client.consents.approve(HASH)
    assert refused.value.code == "POLICY_NOT_HELD"
    nothing_signed(missing)

    another = services()
    with another.client(PATIENT) as client, pytest.raises(ValidationError) as refused:
        client.consents.approve(HASH, policy=LESS)
    assert refused.value.code == "POLICY_HASH_MISMATCH"
    nothing_signed(another)

    lying = services()
    lying.on("GET indexer /v1/policies/", httpx2.Response(200, content=LESS.canonical))
    with lying.client(PATIENT) as client, pytest.raises(ValidationError) as refused:
        client.consents.approve(HASH)
    assert refused.value.code == "POLICY_HASH_MISMATCH"
    nothing_signed(lying)


def test_agreeing_to_less_denies_and_grants_under_one_signature() -> None:
    made = services()
    with made.client(PATIENT) as client:
        client.consents.approve_less(HASH, LESS)
    intent = signed(made).intent
    ops = {op["scopeId"]: op for op in intent.members["ops"]}
    assert (ops[POLICY.hash]["kind"], ops[POLICY.hash]["version"]) == (1, 5)
    assert (ops[LESS.hash]["kind"], ops[LESS.hash]["version"]) == (0, 1)
    assert list(ops) == sorted(ops)
    assert intent.members["mode"] == 0, "all or nothing"


@pytest.mark.parametrize(
    "more", [POLICY, Policy.build(resources=["Patient"]), Policy.build(resources=["Observation"], exclude=[])]
)
def test_more_than_was_asked_for_is_not_less(more: Policy) -> None:
    made = services()
    with made.client(PATIENT) as client, pytest.raises(ValidationError) as refused:
        client.consents.approve_less(HASH, more)
    assert refused.value.code == "POLICY_NOT_NARROWER"
    nothing_signed(made)


def test_stopping_everything_names_epoch_and_seq() -> None:
    made = services()
    with made.client(PATIENT) as client:
        client.consents.revoke_all()
    members = signed(made).intent.members
    assert (members["throughEpoch"], members["throughSeq"], members["deadline"]) == (2, 5, NO_DEADLINE)


def test_a_request_is_the_organisations_with_its_token() -> None:
    made = services()
    with made.client(CLINIC) as client:
        client.consents.request(subject=PATIENT.address, policy=POLICY, days=30)
    members = signed(made).intent.members
    assert members["grantee"] == members["actor"] == CLINIC.address
    assert made.asked[-1].headers["authorization"] == "Bearer t"
    with made.client(PATIENT) as client:
        client.consents.revoke(HASH)
    assert "authorization" not in made.asked[-1].headers, "a stop needs no token"


@pytest.mark.parametrize("status", ["ACTIVE", "REVOKED", "EXPIRED", "DENIED"])
def test_only_a_request_is_approved(status: str) -> None:
    made = services(one=single(status, 4))
    with made.client(PATIENT) as client, pytest.raises(ConflictError):
        client.consents.approve(HASH)
    nothing_signed(made)


@pytest.mark.parametrize("wrong", [{"chainId": 1}, {"registry": CLINIC.address}])
def test_nothing_is_signed_for_another_chain_or_registry(wrong: dict[str, Any]) -> None:
    made = services(one=single("REQUESTED", 4, asOf=AS_OF | wrong))
    with (
        made.client(PATIENT) as client,
        pytest.raises(ChainError, match="Correct the deployment's addresses") as refused,
    ):
        client.consents.approve(HASH)
    assert refused.value.code == "WRONG_DEPLOYMENT"
    nothing_signed(made)


def test_a_relay_of_another_registry_is_noticed() -> None:
    made = services(one=single("ACTIVE", 4, asOf=AS_OF | {"registry": CLINIC.address}))
    with made.client(PATIENT, registry=CLINIC.address) as client, pytest.raises(ChainError, match="another digest"):
        client.consents.revoke(HASH)


def test_without_a_signer_nothing_is_asked() -> None:
    made = services()
    with made.client() as client:
        with pytest.raises(SignerError):
            client.consents.revoke(HASH)
        with pytest.raises(SignerError):
            client.consents.create(grantee=CLINIC.address, policy=POLICY)
    assert made.asked == []


def test_a_signer_that_fails_sends_nothing() -> None:
    class Broken(LocalKeySigner):
        def sign_digest(self, digest: bytes) -> bytes:
            raise SignerError("Declined.", code="SIGNER_REFUSED")

    made = services()
    with made.client(Broken("0x" + "01" * 32)) as client, pytest.raises(ConsentryError) as refused:
        client.consents.revoke(HASH)
    assert refused.value.code == "SIGNER_REFUSED"
    nothing_signed(made)


def test_a_stop_needs_neither_indexer_nor_token_when_the_consent_is_at_hand() -> None:
    held = ConsentRow.model_validate(consent("ACTIVE", 3, scopeId=POLICY.hash))
    for tokens in (False, True):
        made = services()
        made.on(f"GET indexer /v1/consents/{HASH}", httpx2.Response(404))
        with made.client(PATIENT, tokens=tokens) as client:
            client.consents.revoke(held)
        assert signed(made).intent.members["throughVersion"] == 4


@pytest.mark.parametrize(("seen", "through"), [(2, 4), (7, 8)])
def test_a_stop_names_the_newer_of_what_is_at_hand_and_what_the_indexer_has(seen: int, through: int) -> None:
    held = ConsentRow.model_validate(consent("ACTIVE", 3, scopeId=POLICY.hash))
    made = services(one=single("ACTIVE", seen))
    with made.client(PATIENT) as client:
        client.consents.revoke(held)
    assert signed(made).intent.members["throughVersion"] == through


def test_nobody_is_led_into_closing_a_consent_for_good() -> None:
    made = services(one=single("ACTIVE", 2**32 - 3))
    with made.client(PATIENT) as client, pytest.raises(ConflictError, match="for good"):
        client.consents.revoke(HASH)
    nothing_signed(made)
