"""The clients and the command line against real services."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from stack import endpoints

from consentry import (
    AsyncClient,
    AuthError,
    ChainError,
    Client,
    ClientCredentials,
    ConflictError,
    Deployment,
    LocalKeySigner,
    Policy,
    StaticTokens,
    ValidationError,
    WaitStatus,
)
from consentry.cli import main
from consentry.intents import Intent
from consentry.oauth import Token

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def here() -> Deployment:
    return Deployment.read(endpoints())


@pytest.fixture(scope="module")
def person(here: Deployment) -> dict[str, str]:
    """A seeded patient whose records are all their own."""
    for candidate in here.extra["patients"]:
        with Client.for_development(here, "ops-system") as system:
            answer = system.gateway.evaluate(
                organization="clinic-a", patient=candidate["fhirId"], resource="Observation", purpose="TREAT"
            )
        if not answer.permitted and _reads_well(here, candidate):
            return dict(candidate)
    pytest.fail("the stack has no patient to show this on")


def _reads_well(here: Deployment, candidate: dict[str, str]) -> bool:
    with clinic_of(here) as clinic, patient_of(here, candidate) as patient:
        policy = Policy.build(resources=["Observation"])
        pending = patient.consents.create(grantee=_address(here, "clinic-a"), policy=policy, days=1)
        pending.wait_for_active()
        permitted = clinic.gateway.fetch_if_permitted(patient=candidate["fhirId"], resource="Observation").permitted
        patient.consents.revoke_all().wait_for_revoked()
    return permitted


def _address(here: Deployment, name: str) -> str:
    return str(next(client["address"] for client in here.extra["clients"] if client["id"] == name))


def clinic_of(here: Deployment) -> Client:
    return Client.for_development(here, "clinic-a")


def patient_of(here: Deployment, person: dict[str, str]) -> Client:
    return Client.for_development(here, f"patient:{person['fhirId']}")


@pytest.fixture
def clinic(here: Deployment) -> Iterator[Client]:
    with clinic_of(here) as client:
        yield client


@pytest.fixture
def patient(here: Deployment, person: dict[str, str]) -> Iterator[Client]:
    """The patient; whatever was agreed to ends with the test."""
    with patient_of(here, person) as client:
        yield client
        client.consents.revoke_all().wait_for_revoked()


def asked(clinic: Client, person: dict[str, str], policy: Policy) -> str:
    pending = clinic.consents.request(subject=person["subject"], policy=policy, days=30)
    row = pending.wait_for_requested()
    assert row is not None
    assert row.consent_id == pending.consent_id, "the id computed here is the contract's"
    return row.consent_id


def test_from_a_request_to_a_permit_to_a_stop(clinic: Client, patient: Client, person: dict[str, str]) -> None:
    read: dict[str, Any] = {"patient": person["fhirId"], "resource": "Observation"}
    before = clinic.gateway.fetch_if_permitted(**read)
    assert not before.permitted

    consent = asked(clinic, person, Policy.build(resources=["Observation"]))
    pending = clinic.gateway.evaluate(organization="clinic-a", **read)
    assert not pending.permitted
    assert pending.reason == "PENDING"

    seen: list[WaitStatus] = []
    row = patient.consents.approve(consent).wait_for_active(on_status=seen.append)
    assert row is not None
    assert (row.status, row.version) == ("ACTIVE", 1)
    assert seen[-1].intent in ("included", "final")
    answer = clinic.gateway.fetch_if_permitted(**read)
    assert answer.permitted
    assert {record["resourceType"] for record in answer.resources} == {"Observation"}

    stop = patient.consents.revoke(consent)
    ends = time.monotonic() + 20
    while (after := clinic.gateway.fetch_if_permitted(**read)).permitted:
        assert time.monotonic() < ends, "still permitted"
    assert after.reason == "REVOKED"
    ended = stop.wait_for_revoked()
    assert ended is not None
    assert ended.status == "REVOKED"
    kinds = [change.kind for change in patient.consents.history(consent)]
    assert kinds == ["requested", "created", "revoked"]


def test_agreeing_to_less_shares_less(clinic: Client, patient: Client, person: dict[str, str]) -> None:
    consent = asked(clinic, person, Policy.build(resources=["Condition", "Observation"]))
    row = patient.consents.approve_less(consent, Policy.build(resources=["Observation"])).wait_for_active()
    assert row is not None
    assert row.status == "ACTIVE"
    assert patient.consents.get(consent).status == "DENIED"
    assert clinic.gateway.fetch_if_permitted(patient=person["fhirId"], resource="Observation").permitted
    other = clinic.gateway.fetch_if_permitted(patient=person["fhirId"], resource="Condition")
    assert not other.permitted
    assert other.reason == "OUT_OF_SCOPE"


def test_a_denied_request_is_denied_and_cannot_be_approved_any_more(
    clinic: Client, patient: Client, person: dict[str, str]
) -> None:
    consent = asked(clinic, person, Policy.build(resources=["Observation"]))
    row = patient.consents.deny(consent).wait_for_denied()
    assert row is not None
    assert row.status == "DENIED"
    with pytest.raises(ConflictError):
        patient.consents.approve(consent)


def test_a_grant_signed_before_a_stop_never_counts(
    clinic: Client, patient: Client, person: dict[str, str], here: Deployment
) -> None:
    consent = asked(clinic, person, Policy.build(resources=["Observation"]))
    held_back: list[Intent] = []
    desk = patient.consents._desk
    decide = desk.decide
    desk.decide = lambda intent, goal=None, **_: held_back.append(intent)  # type: ignore[method-assign, assignment]
    patient.consents.approve(consent)
    desk.decide = decide  # type: ignore[method-assign]
    patient.consents.revoke(consent).wait_for_revoked()
    with pytest.raises(ConflictError) as refused:
        decide(held_back[0])
    assert refused.value.code == "REFUSED_BY_REGISTRY"
    assert refused.value.request_id


def test_asynchronously_it_is_the_same(
    here: Deployment, person: dict[str, str], clinic: Client, patient: Client
) -> None:
    async def run() -> None:
        who = f"patient:{person['fhirId']}"
        async with (
            AsyncClient.for_development(here, "clinic-a") as asks,
            AsyncClient.for_development(here, who) as says,
        ):
            policy = Policy.build(resources=["Observation"])
            request = await asks.consents.request(subject=person["subject"], policy=policy, days=1)
            row = await request.wait_for_requested()
            assert row is not None
            await (await says.consents.approve(row.consent_id)).wait_for_active()
            answer = await asks.gateway.fetch_if_permitted(patient=person["fhirId"], resource="Observation")
            assert answer.permitted
            listed = [one async for one in asks.consents.list(patient=person["subject"], status="ACTIVE")]
            assert [one.consent_id for one in listed] == [row.consent_id]
            assert all(one.ready for one in (await asks.health.check()).values())

    asyncio.run(run())


def test_who_looked_is_told_page_by_page(clinic: Client, patient: Client, person: dict[str, str]) -> None:
    decisions = [
        clinic.gateway.fetch_if_permitted(patient=person["fhirId"], resource="Observation").decision_id
        for _ in range(3)
    ]
    ends = time.monotonic() + 30
    while True:
        seen = [
            str(access.event_id)
            for access, _ in zip(patient.access.list(patient=person["fhirId"], limit=2), range(20), strict=False)
        ]
        if set(decisions) <= set(seen):
            break
        assert time.monotonic() < ends, "the decisions are not archived"
    assert len(seen) == len(set(seen))


def test_a_token_that_is_no_longer_taken_is_replaced_without_anybody_noticing(
    here: Deployment, person: dict[str, str]
) -> None:
    known = next(client for client in here.extra["clients"] if client["id"] == "clinic-a")
    auth = ClientCredentials(here.auth, "clinic-a", known["privateJwk"], "provider:records.read system/*.rs")
    auth._kept[here.gateway, None] = Token("eyJhbGciOiJub25lIn0.e30.", time.time() + 300)
    with Client(here, auth=auth) as clinic:
        assert clinic.gateway.fetch_if_permitted(patient=person["fhirId"], resource="Observation").decision_id


def test_a_token_that_is_not_taken_is_told_with_what_to_do(here: Deployment, person: dict[str, str]) -> None:
    worthless = StaticTokens({here.gateway: "eyJhbGciOiJub25lIn0.e30.", here.indexer: "x"})
    with Client(here, auth=worthless) as clinic:
        for ask in (
            lambda: clinic.gateway.fetch_if_permitted(patient=person["fhirId"], resource="Observation"),
            lambda: list(clinic.consents.list(patient=person["subject"])),
        ):
            with pytest.raises(AuthError, match="Sign in again") as refused:
                ask()
            assert refused.value.code == "AUTH_UNAUTHENTICATED"
            assert refused.value.request_id


def test_tokens_bound_to_a_key_are_taken_by_every_service(here: Deployment, person: dict[str, str]) -> None:
    known = next(client for client in here.extra["clients"] if client["id"] == "clinic-a")
    scope = "provider:consent.request provider:records.read system/*.rs"
    auth = ClientCredentials(here.auth, "clinic-a", known["privateJwk"], scope, dpop=True)
    with (
        Client(here, auth=auth, signer=LocalKeySigner(known["privateKey"])) as clinic,
        patient_of(here, person) as patient,
    ):
        assert clinic.gateway.fetch_if_permitted(patient=person["fhirId"], resource="Observation").decision_id
        consent = asked(clinic, person, Policy.build(resources=["Observation"]))
        assert clinic.health.chain().chain_id == here.chain_id
        patient.consents.deny(consent).wait_for_denied()


def test_a_token_that_allows_less_is_a_fault_and_no_denial(here: Deployment, person: dict[str, str]) -> None:
    known = next(client for client in here.extra["clients"] if client["id"] == "clinic-a")
    auth = ClientCredentials(here.auth, "clinic-a", known["privateJwk"], "provider:consent.request")
    with Client(here, auth=auth) as clinic, pytest.raises(AuthError) as refused:
        clinic.gateway.fetch_if_permitted(patient=person["fhirId"], resource="Observation")
    assert refused.value.code == "AUTH_FORBIDDEN"


@pytest.mark.parametrize("wrong", [{"chain_id": 1}, {"registry": "0x" + "11" * 20}])
def test_another_chain_or_registry_is_noticed_before_anything_is_signed(
    here: Deployment, person: dict[str, str], wrong: dict[str, Any]
) -> None:
    with patient_of(replace(here, **wrong), person) as patient, pytest.raises(ChainError, match="Correct"):
        patient.consents.revoke_all()


def test_a_document_is_stored_once_and_read_back(clinic: Client, patient: Client, person: dict[str, str]) -> None:
    policy = Policy.build(resources=["Observation"])
    asked(clinic, person, policy)
    assert clinic.policies.upload(policy) == policy.hash
    assert patient.policies.get(policy.hash) == policy
    with pytest.raises(ValidationError) as missing:
        patient.policies.get("0x" + "00" * 32)
    assert missing.value.code == "NOT_FOUND"


def test_the_command_line_tells_denied_from_failed(
    here: Deployment, person: dict[str, str], patient: Client, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    where = ["--endpoints", str(endpoints())]
    clinic, self = [*where, "--as", "clinic-a"], [*where, "--as", f"patient:{person['fhirId']}"]
    fetch = ["fetch", person["fhirId"], "Observation"]

    def run(*words: str) -> tuple[int, str, str]:
        code = main(words)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    assert run(*clinic, "health")[0] == 0
    code, out, _ = run(*clinic, "--json", *fetch)
    assert (code, json.loads(out)["permitted"]) == (3, False)
    code, out, err = run("request", person["subject"], "--share", "Observation", "--days", "2", "--json", *clinic)
    consent = json.loads(out)["consentId"]
    assert code == 0
    assert {json.loads(line)["consent"] for line in err.splitlines()} >= {"REQUESTED"}, "progress while waiting"
    assert run(*self, "grant", consent)[0] == 1, "nobody signs what they did not agree to"
    code, out, err = run(*self, "grant", consent, "--yes", "--days", "1")
    assert (code, consent in out) == (0, True)
    assert "It never shares anything about" in err
    assert "· " in err
    code, out, _ = run(*clinic, "--json", "ls", "--status", "ACTIVE")
    assert [row["consentId"] for row in json.loads(out)] == [consent]
    assert consent in run(*self, "ls")[1]
    code, out, _ = run(*clinic, *fetch, "--json")
    records = json.loads(out)
    assert (code, records["resourceType"]) == (0, "Bundle")
    code, out, _ = run(*clinic, *fetch)
    heading, *rows = out.splitlines()
    assert (code, heading.split()) == (0, ["TYPE", "ID", "WHEN", "WHAT"])
    assert records["entry"][0]["resource"]["id"] in rows[0]
    assert run(*clinic, *fetch, "--decision-only", "clinic-a")[0] == 0
    assert run(*self, "revoke", consent, "--wait", "0")[0] == 0, "handed in"
    code, _, err = run(*self, "--json", "grant", consent, "--yes")
    assert (code, json.loads(err)["error"]) == (1, "CONFLICT")
    assert run(*self, "revoke", consent)[0] == 0
    code, out, _ = run(*clinic, *fetch)
    assert code == 3
    assert "REVOKED" in out
    assert run(*self, "log", person["fhirId"])[0] == 0
    code, _, err = run(*clinic, "--json", "fetch", person["fhirId"], "Nonsense")
    assert code == 1
    assert json.loads(err)["requestId"]
