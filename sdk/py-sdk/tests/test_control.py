"""Who may decide: delegates, recovery, handing over. What is signed, and that what protects outruns what opens."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from fake import AS_OF, CLINIC, HASH, PATIENT, Services, deployment, problem

from consentry import Client, ConflictError, InProcessMemory, LocalKeySigner, SignedIntent, ValidationError
from consentry.intents import NO_DEADLINE, NOBODY, UNTIL_REVOKED
from consentry.models.indexer import DelegateRow
from consentry.signers import verify_signature
from consentry.statements import patient_ref_hash, statement_digest

PARENT = LocalKeySigner("0x" + "03" * 32)
PLACE = {"finality": "latest", "blockNo": 1, "blockHash": HASH, "txHash": HASH, "logIndex": 0}


def delegate(nonce: int, **changes: Any) -> dict[str, Any]:
    row = {"delegate": PARENT.address, "status": "ACTIVE", "rights": ["GRANT"], "validFrom": 1, "validTo": None}
    return row | {"authEpoch": 0, "nonce": nonce} | PLACE | changes


def services(*delegates: dict[str, Any], **changes: Any) -> Services:
    subject = {"subject": PATIENT.address, "controller": PATIENT.address, "epoch": 2, "authEpoch": 0, "seq": 5}
    subject |= {"recoveryNonce": 3, "lastProposalId": 6} | changes
    made = Services().relay("final")
    made.on("GET indexer /v1/subjects/", {"asOf": AS_OF, "subject": subject})
    made.on(
        f"GET indexer /v1/subjects/{PATIENT.address}/delegates",
        {"asOf": AS_OF, "delegates": list(delegates), "next": None},
    )
    return made


def signed(made: Services) -> SignedIntent:
    bodies = [json.loads(request.content) for request in made.asked if request.method == "POST"]
    intent = SignedIntent.from_json(bodies[-1])
    verify_signature(intent.intent.digest(deployment().domain), intent.signature, intent.intent.actor)
    return intent


def members(made: Services) -> dict[str, Any]:
    return dict(signed(made).intent.members)


@pytest.mark.parametrize(("rows", "nonce"), [([], 1), ([delegate(4)], 5)])
def test_a_delegate_gets_the_rights_that_are_named(rows: list[dict[str, Any]], nonce: int) -> None:
    made = services(*rows)
    with made.client(PATIENT) as client:
        client.delegates.set(PARENT.address, rights=["REVOKE", "GRANT"], valid_from=7, valid_to=99)
        client.delegates.set(PARENT.address, rights="DENY")
    first, last = (json.loads(request.content)["intent"] for request in made.asked if request.method == "POST")
    assert (first["rights"], first["nonce"], first["seq"], first["validFrom"], first["validTo"]) == (5, nonce, 5, 7, 99)
    assert (last["rights"], last["validTo"]) == (2, UNTIL_REVOKED)
    assert first["deadline"] < NO_DEADLINE


@pytest.mark.parametrize("rights", [[], ["grant"], "ALL", ["GRANT", "ROTATE"]])
def test_other_rights_do_not_exist(rights: Any) -> None:
    made = services()
    with made.client(PATIENT) as client, pytest.raises(ValidationError, match="REVOKE, DENY, GRANT"):
        client.delegates.set(PARENT.address, rights=rights)
    assert made.asked == []


def test_removing_a_delegate_outruns_a_mandate_that_is_signed_and_not_yet_sent() -> None:
    made = services(delegate(4))
    with made.client(PATIENT) as client:
        client.delegates.set(PARENT.address, rights="GRANT")
        held_back = members(made)["nonce"]
        client.delegates.remove(PARENT.address)
    removed = members(made)
    assert removed["throughNonce"] >= held_back
    assert removed["deadline"] == NO_DEADLINE


def test_removing_a_delegate_waits_for_no_indexer() -> None:
    made = services()
    made.on(f"GET indexer /v1/subjects/{PATIENT.address}/delegates", problem(404, "not-found"))
    held = DelegateRow.model_validate(delegate(4))
    with made.client(PATIENT, tokens=False) as client:
        client.delegates.remove(held)
    assert members(made)["throughNonce"] == 5


def test_openings_are_signed_on_final_state_unless_what_was_signed_is_remembered() -> None:
    made = services(**PLACE)
    with made.client(PATIENT, finality="finalized") as client, pytest.raises(ConflictError, match="not finalized yet"):
        client.delegates.set(PARENT.address, rights="GRANT")
    with made.client(PATIENT, finality="finalized") as client:
        remembering = Client(
            client.deployment,
            auth=client.transport._tokens,
            signer=PATIENT,
            memory=InProcessMemory(),
            http=client.transport._http,
        )
        remembering.delegates.set(PARENT.address, rights="GRANT")
    assert signed(made).intent.action == "SetDelegate"


def test_a_recoverer_is_named_with_a_delay_and_dismissed_above_all_that_was_signed() -> None:
    made = services()
    with made.client(PATIENT) as client:
        client.recovery.set(PARENT.address, delay_hours=72)
        named = members(made)
        client.recovery.set(None)
    dismissed = members(made)
    assert (named["recoverer"], named["delay"], named["nonce"]) == (PARENT.address, 72 * 3600, 4)
    assert (dismissed["recoverer"], dismissed["delay"], dismissed["deadline"]) == (NOBODY, 0, NO_DEADLINE)
    assert dismissed["nonce"] == 5, "above the one held back, whether or not it lands first"
    with made.client(PATIENT) as client, pytest.raises(ValidationError):
        client.recovery.set(PARENT.address)


def test_a_recovery_is_proposed_refused_and_carried_out() -> None:
    under_way = {"id": 6, "newController": CLINIC.address, "readyAt": 9}
    made = services(proposal=under_way)
    with made.client(PARENT) as recoverer:
        recoverer.recovery.propose(PATIENT.address, CLINIC.address)
        assert members(made)["proposalId"] == 7
        recoverer.recovery.freeze(PATIENT.address)
        assert (signed(made).intent.action, members(made)["seq"]) == ("Freeze", 5)
    with made.client(PATIENT) as patient:
        patient.recovery.veto()
        assert (members(made)["proposalId"], members(made)["deadline"]) == (6, NO_DEADLINE)
        patient.recovery.unfreeze()
        assert signed(made).intent.action == "Unfreeze"
    with made.client(CLINIC) as new:
        new.recovery.recover(PATIENT.address)
    assert (signed(made).intent.action, members(made)["actor"]) == ("Recover", CLINIC.address)
    none = services()
    with none.client(PATIENT) as patient, pytest.raises(ConflictError, match="No recovery"):
        patient.recovery.veto()


def test_both_keys_sign_when_control_is_handed_over() -> None:
    made = services()
    with made.client(PATIENT) as client:
        client.control.rotate(PARENT)
    rotation = signed(made)
    assert rotation.intent.members["newController"] == PARENT.address
    assert rotation.acceptance is not None
    _, agreed = rotation.acceptance
    verify_signature(agreed.intent.digest(deployment().domain), agreed.signature, PARENT.address)


def test_all_that_is_signed_and_not_sent_can_be_voided() -> None:
    made = services()
    with made.client(PATIENT) as client:
        client.control.invalidate()
        assert client.control.get().seq == 5
    assert (members(made)["throughSeq"], members(made)["deadline"]) == (5, NO_DEADLINE)
    closed = services(seq=2**24 - 2)
    with closed.client(PATIENT) as client, pytest.raises(ConflictError, match="for good"):
        client.control.invalidate()


def test_a_key_says_whose_it_is_without_a_word_to_any_service() -> None:
    made = services()
    with made.client(signer=PARENT) as client:
        before = int(time.time())
        statement = client.keys.statement(tenant="hospital", patient="p-1", nonce=3, life_seconds=86_400)
        with pytest.raises(ValidationError):
            client.keys.statement(tenant="hospital", patient="p-1", life_seconds=0)
    assert statement["subject"] == PARENT.address
    assert statement["nonce"] == "3"
    assert before + 86_400 <= statement["deadline"] <= before + 86_460
    about = {"tenant": "hospital", "patientRefHash": patient_ref_hash("p-1"), "subject": PARENT.address}
    signed_part = about | {"nonce": 3, "deadline": statement["deadline"]}
    digest = statement_digest("Bind", signed_part, deployment().domain)
    verify_signature(digest, bytes.fromhex(statement["signature"][2:]), PARENT.address)
    assert made.asked == []
