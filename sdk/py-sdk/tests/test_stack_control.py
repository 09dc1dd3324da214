"""Delegates, recovery and handing over, on a running stack: brought by the relay, seen by the indexer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from stack import address_of, endpoints, person_of

from consentry import Client, ConflictError, Deployment, LocalKeySigner, Policy

pytestmark = pytest.mark.stack
POLICY = Policy.build(resources=["Observation"])


@pytest.fixture
def here() -> Deployment:
    return Deployment.read(endpoints())


@pytest.fixture
def person(here: Deployment) -> dict[str, str]:
    return person_of(here)


@pytest.fixture
def patient(here: Deployment, person: dict[str, str]) -> Iterator[Client]:
    """The patient; nobody else decides for them any more when the test is over, and nothing is shared."""
    with Client.for_development(here, f"patient:{person['fhirId']}") as client:
        yield client
        client.consents.revoke_all(drop_delegates=True).wait_for_revoked()


@pytest.fixture
def other(here: Deployment) -> Iterator[Client]:
    """Somebody else's key: never seen before, so that no earlier test matters."""
    with Client.for_development(here, "ops-system") as system:
        auth = system.transport._tokens
    from secrets import token_hex

    with Client(here, auth=auth, signer=LocalKeySigner("0x" + token_hex(32))) as client:
        yield client


def key_of(client: Client) -> LocalKeySigner:
    signer = client.consents._desk.signer
    assert isinstance(signer, LocalKeySigner)
    return signer


def test_a_delegate_decides_until_it_is_removed(
    here: Deployment, patient: Client, person: dict[str, str], other: Client
) -> None:
    parent = key_of(other).address
    grantee = address_of(here, "clinic-a")
    with pytest.raises(ConflictError, match="NotAuthorized"):
        other.consents.create(grantee=grantee, policy=POLICY, subject=person["subject"], days=1)
    patient.delegates.set(parent, rights=["GRANT", "REVOKE"]).wait_for_applied()
    row = next(one for one in patient.delegates.list() if one.delegate.lower() == parent.lower())
    assert (row.status, sorted(row.rights)) == ("ACTIVE", ["GRANT", "REVOKE"])
    given = other.consents.create(grantee=grantee, policy=POLICY, subject=person["subject"], days=1)
    assert given.wait_for_active() is not None
    patient.delegates.remove(row).wait_for_applied()
    with pytest.raises(ConflictError, match="NotAuthorized"):
        other.consents.create(grantee=grantee, policy=POLICY, subject=person["subject"], days=1)


def test_a_recovery_is_proposed_frozen_for_and_refused(
    here: Deployment, patient: Client, person: dict[str, str], other: Client
) -> None:
    recoverer = key_of(other).address
    patient.recovery.set(recoverer, delay_hours=48).wait_for_applied()
    state = patient.control.get()
    assert state.recovery is not None
    assert (state.recovery.recoverer.lower(), state.recovery.delay) == (recoverer.lower(), 48 * 3600)
    other.recovery.propose(person["subject"], recoverer).wait_for_applied()
    assert patient.control.get().proposal is not None
    with pytest.raises(ConflictError, match="NotReady"):
        other.recovery.recover(person["subject"])
    patient.recovery.veto().wait_for_applied()
    assert patient.control.get().proposal is None
    if state.next_freeze_at is None:  # a recoverer may freeze once in two delays
        other.recovery.freeze(person["subject"]).wait_for_applied()
        with pytest.raises(ConflictError, match="Frozen"):
            patient.consents.create(grantee=address_of(here, "clinic-a"), policy=POLICY)
        patient.recovery.unfreeze().wait_for_applied()
    patient.recovery.set(None).wait_for_applied()
    assert patient.control.get().recovery is None
    with pytest.raises(ConflictError, match="NotRecoverer"):
        other.recovery.propose(person["subject"], recoverer)


def test_control_goes_to_another_key_and_back(
    here: Deployment, patient: Client, person: dict[str, str], other: Client
) -> None:
    patient.control.rotate(key_of(other)).wait_for_applied()
    assert other.control.get(subject=person["subject"]).controller.lower() == key_of(other).address.lower()
    with pytest.raises(ConflictError, match="NotAuthorized"):
        patient.consents.create(grantee=address_of(here, "clinic-a"), policy=POLICY)
    other.control.rotate(key_of(patient), subject=person["subject"]).wait_for_applied()
    assert patient.control.get().controller.lower() == person["subject"].lower()


def test_what_is_signed_and_not_sent_is_voided(here: Deployment, patient: Client) -> None:
    seq = patient.control.get().seq
    patient.control.invalidate().wait_for_applied()
    assert patient.control.get().seq == seq + 1


def test_an_organisation_gives_a_consent_back(here: Deployment, patient: Client) -> None:
    given = patient.consents.create(grantee=address_of(here, "clinic-a"), policy=POLICY, days=1).wait_for_active()
    assert given is not None
    with Client.for_development(here, "clinic-a") as clinic:
        row = clinic.consents.relinquish(given).wait_for_revoked()
    assert row is not None
    assert row.status == "REVOKED"
