"""What is signed: the vectors that every language runs, and the form that the relay takes."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import vectors

from consentry import Domain, Intent, LocalKeySigner, SignedIntent, SignerError, ValidationError, consent_id
from consentry.intents import ACTIONS, NO_DEADLINE, batch, deny_op, encode_type, grant_op, revoke_op
from consentry.signers import verify_signature
from consentry.statements import STATEMENTS, patient_ref_hash, statement_digest

VECTORS = vectors("intents")
DOMAIN = Domain(VECTORS["domain"]["chainId"], VECTORS["domain"]["verifyingContract"])
DEPLOYED = Path(__file__).resolve().parents[3] / "contracts" / "deployments" / "local" / "typehashes.json"
OWNER = VECTORS["keys"]["owner"]["address"]
CLINIC = VECTORS["keys"]["grantee"]["address"]
SCOPE = "0x" + "03" * 32


def named(cases: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in cases]


def digest_of(case: dict[str, Any]) -> bytes:
    if case["action"] in STATEMENTS:
        members = dict(case["message"])
        if "nonce" in members:
            members["nonce"] = int(members["nonce"])
        return statement_digest(case["action"], members, DOMAIN)
    return Intent(case["action"], case["message"]).digest(DOMAIN)


def test_the_structs_are_those_of_the_exported_deployment() -> None:
    exported = json.loads(DEPLOYED.read_text())
    assert {name: encode_type(name) for name in ACTIONS} == {
        name: row["type"] for name, row in exported["types"].items() if name != "Op"
    }
    assert "0x" + DOMAIN.separator().hex() == exported["domain"]["separator"]


@pytest.mark.parametrize("case", named(VECTORS["cases"]))
def test_digests_and_signatures_are_the_same_everywhere(case: dict[str, Any]) -> None:
    digest = digest_of(case)
    assert "0x" + digest.hex() == case["digest"]
    signer = LocalKeySigner(VECTORS["keys"][case["signedBy"]]["privateKey"])
    assert "0x" + signer.sign_digest(digest).hex() == case["signature"]
    verify_signature(digest, bytes.fromhex(case["signature"][2:]), signer.address)
    verify_signature(digest, bytes.fromhex(case["compactSignature"][2:]), signer.address)


@pytest.mark.parametrize("case", named(VECTORS["invalidSignatures"]))
def test_a_signature_that_is_not_the_actors_is_refused(case: dict[str, Any]) -> None:
    digest = Intent(case["action"], case["message"]).digest(DOMAIN)
    with pytest.raises(ValidationError) as refused:
        verify_signature(digest, bytes.fromhex(case["signature"][2:]), case["actor"])
    assert refused.value.code == case["code"]


@pytest.mark.parametrize("case", named(VECTORS["invalidWire"]))
def test_what_the_relay_would_not_take_is_refused_here(case: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        SignedIntent.from_json(case["json"])
    assert refused.value.code == case["code"]


def test_the_patients_reference_is_hashed_as_everywhere() -> None:
    case = VECTORS["patientRefHash"]
    assert patient_ref_hash(case["fhirId"]) == case["hash"]


@pytest.mark.parametrize("case", named(vectors("consent-id")["cases"]))
def test_consent_ids_are_the_contracts(case: dict[str, Any]) -> None:
    made = consent_id(case["chainId"], case["registry"], case["subject"], case["grantee"], case["scopeId"])
    assert made == case["consentId"]


@pytest.mark.parametrize("case", named([c for c in VECTORS["cases"] if c["action"] in ACTIONS]))
def test_an_intent_survives_the_wire(case: dict[str, Any]) -> None:
    if case["action"] in ("AcceptControl", "Rotate"):
        return
    signed = Intent(case["action"], case["message"]).signed(bytes.fromhex(case["signature"][2:]))
    body = json.loads(json.dumps(signed.to_json()))
    again = SignedIntent.from_json(body)
    assert again.to_json() == body
    assert again.intent.digest(DOMAIN) == signed.intent.digest(DOMAIN)


def revoke(**changes: Any) -> dict[str, Any]:
    members: dict[str, Any] = {
        "actor": OWNER,
        "subject": OWNER,
        "grantee": CLINIC,
        "scopeId": SCOPE,
        "throughVersion": 3,
        "deadline": NO_DEADLINE,
    }
    return members | changes


def test_every_member_of_what_is_signed_changes_the_digest() -> None:
    whole = Intent("Revoke", revoke()).digest(DOMAIN)
    seen = {
        whole,
        Intent("Deny", revoke()).digest(DOMAIN),
        Intent("Revoke", revoke()).digest(Domain(1, DOMAIN.registry)),
    }
    for change in (
        {"actor": CLINIC},
        {"subject": CLINIC},
        {"throughVersion": 4},
        {"deadline": 1},
        {"scopeId": "0x" + "04" * 32},
    ):
        seen.add(Intent("Revoke", revoke(**change)).digest(DOMAIN))
    assert len(seen) == 8


def test_a_stop_without_a_version_cannot_be_made() -> None:
    members = revoke()
    del members["throughVersion"]
    with pytest.raises(ValidationError) as refused:
        Intent("Revoke", members)
    assert refused.value.code == "INTENT_MISSING"


def test_a_batch_is_put_in_order_and_names_each_consent_once() -> None:
    low, high = "0x" + "01" * 32, "0x" + "02" * 32
    ops = [
        grant_op(CLINIC, high, valid_from=1, valid_to=2, version=1),
        deny_op(CLINIC, low, through_version=2),
    ]
    made = batch(actor=OWNER, subject=OWNER, seq=0, ops=ops, deadline=5)
    assert [op["scopeId"] for op in made.members["ops"]] == [low, high]
    assert not made.is_stop
    assert batch(actor=OWNER, subject=OWNER, seq=0, ops=ops[1:], deadline=5).is_stop
    twice = copy.deepcopy([*ops, revoke_op(CLINIC, low, through_version=9)])
    with pytest.raises(ValidationError):
        batch(actor=OWNER, subject=OWNER, seq=0, ops=twice, deadline=5)


def test_a_local_key_shows_itself_nowhere() -> None:
    secret = "0x" + "01" * 32
    signer = LocalKeySigner(secret)
    assert secret[2:] not in repr(signer) + str(signer)
    with pytest.raises(SignerError) as refused:
        LocalKeySigner("0x" + "01" * 31 + "zz")
    assert "0101" not in str(refused.value)
    assert refused.value.__cause__ is None
