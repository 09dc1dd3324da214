"""A stop reaches whatever was signed before it, also what a reorganisation took back."""

from __future__ import annotations

import json
from typing import Any

import httpx2
from fake import AS_OF, CLINIC, HASH, PATIENT, REGISTRY, Services, consent, deployment

from consentry import Client, InProcessMemory, Policy, StaticTokens, consent_id

POLICY = Policy.build(resources=["Observation"])
NAME = consent_id(31337, REGISTRY, PATIENT.address, CLINIC.address, POLICY.hash)


def answered(status: str, version: int, **changes: Any) -> dict[str, Any]:
    return {"asOf": AS_OF, "consent": consent(status, version, scopeId=POLICY.hash, consentId=NAME, **changes)}


def client(services: Services, memory: InProcessMemory | None, **changes: Any) -> Client:
    here = deployment(**changes)
    auth = StaticTokens(dict.fromkeys((here.indexer, here.relay), "t"))
    http = httpx2.Client(transport=httpx2.MockTransport(services.handle))
    return Client(here, auth=auth, signer=PATIENT, memory=memory, http=http)


def services(*rows: Any) -> Services:
    subject = {"subject": PATIENT.address, "controller": PATIENT.address, "epoch": 0, "authEpoch": 0, "seq": 5}
    made = Services().relay("final")
    made.on(
        "GET indexer /v1/subjects/",
        {"asOf": AS_OF, "subject": subject | {"recoveryNonce": 0, "lastProposalId": 0}},
        {"asOf": AS_OF, "subject": subject | {"recoveryNonce": 0, "lastProposalId": 0, "seq": 2}},
    )
    made.on("PUT indexer /v1/policies/", httpx2.Response(201))
    return made.on("GET indexer /v1/consents/", *rows)


def last(made: Services) -> dict[str, Any]:
    return dict(json.loads([request.content for request in made.asked if request.method == "POST"][-1])["intent"])


def test_a_stop_reaches_a_grant_whose_ground_was_taken_back() -> None:
    made = services(answered("ACTIVE", 7), answered("REVOKED", 2))
    with client(made, None) as patient:
        patient.consents.create(grantee=CLINIC.address, policy=POLICY)
        assert last(made)["version"] == 8
        # A reorganisation: the consent is at version 2 again, and the grant is still in somebody's hands.
        patient.consents.revoke(NAME)
    assert last(made)["throughVersion"] == 8


def test_stopping_everything_reaches_every_seq_that_was_signed_and_no_epoch_twice() -> None:
    made = services(answered("REVOKED", 1))
    with client(made, None) as patient:
        patient.consents.create(grantee=CLINIC.address, policy=POLICY)
        assert last(made)["seq"] == 5
        patient.consents.revoke_all()
        assert (last(made)["throughSeq"], last(made)["throughEpoch"]) == (5, 0)
        patient.consents.revoke_all()
    assert last(made)["throughEpoch"] == 1


def test_what_was_signed_is_remembered_by_the_next_process() -> None:
    memory = InProcessMemory()
    made = services(answered("ACTIVE", 7, finality="latest"), answered("REVOKED", 2))
    with client(made, memory, finality="finalized") as patient:
        patient.consents.create(grantee=CLINIC.address, policy=POLICY)  # with a memory it need not wait
    with client(made, memory) as later:
        later.consents.revoke(NAME)
    assert last(made)["throughVersion"] == 8


def test_it_is_remembered_before_it_is_signed() -> None:
    kept: list[tuple[str, int]] = []

    class Forgetful(InProcessMemory):
        def keep(self, name: str, value: int) -> None:
            kept.append((name, value))
            raise OSError("the disk is full")

    made = services(answered("ACTIVE", 7))
    with client(made, Forgetful()) as patient:
        try:
            patient.consents.create(grantee=CLINIC.address, policy=POLICY)
        except OSError:
            assert kept == [(f"version:31337:{REGISTRY.lower()}:{NAME}", 8)]
        else:
            raise AssertionError("it was signed")
    assert not [request for request in made.asked if request.method == "POST"]
    assert HASH not in str(kept)
