"""A person signs in at the real issuer, by the command line, and sees their own consents with their own token."""

from __future__ import annotations

import json
import secrets
import threading
import webbrowser
from pathlib import Path

import pytest
from stack import endpoints
from visitor import Visitor

from consentry import (
    AuthorizationRequest,
    Client,
    ClientCredentials,
    ConflictError,
    Deployment,
    LocalKeySigner,
    Policy,
    ProofKey,
    Session,
)
from consentry._http import Request
from consentry.cli import main
from consentry.errors import ConsentryError

pytestmark = pytest.mark.stack


def somebody(here: Deployment, visitor: Visitor) -> tuple[dict[str, str], str]:
    """A seeded patient who has no account yet makes one; with its name."""
    known = next(client for client in here.extra["clients"] if client["id"] == "admin-tool")
    auth = ClientCredentials(here.auth, "admin-tool", known["privateJwk"], "admin:accounts.write")
    with Client(here, auth=auth) as admin:
        for patient in reversed(here.extra["patients"]):
            body = json.dumps({"persona": "patient", "fhirId": patient["fhirId"]}).encode()
            wish = Request(
                "POST",
                f"{here.auth}/v1/enrolments",
                audience=here.auth,
                headers={"content-type": "application/json"},
                content=body,
            )
            try:
                code = admin.transport.send(wish).json()["code"]
            except ConsentryError as refused:
                if refused.status != 409:
                    raise
                continue
            name = f"pat.{secrets.token_hex(4)}"
            visitor.enrols(code, name)
            return dict(patient), name
    pytest.skip("every seeded patient of this stack has an account already")


def test_a_patient_signs_in_and_sees_their_own_consents(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    here = Deployment.read(endpoints())
    visitor = Visitor(here.auth)
    request.addfinalizer(visitor.leaves)
    patient, _ = somebody(here, visitor)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("CONSENTRY_AS", "CONSENTRY_CLIENT_ID", "CONSENTRY_KEY"):
        monkeypatch.delenv(name, raising=False)
    visits: list[threading.Thread] = []

    def browser(url: str) -> bool:
        visits.append(threading.Thread(target=visitor.opens, args=(url,)))
        visits[-1].start()
        return True

    monkeypatch.setattr(webbrowser, "open", browser)
    with Client.for_development(here, f"patient:{patient['fhirId']}") as wallet:
        clinic = next(client["address"] for client in here.extra["clients"] if client["id"] == "clinic-b")
        pending = wallet.consents.create(grantee=clinic, policy=Policy.build(resources=["Observation"]), days=1)
        pending.wait_for_active()
        where = ["--endpoints", str(endpoints())]
        scope = "patient:consent.read patient:consent.write launch/patient online_access"
        words = ["login", "--client", "patient-terminal", "--for", "indexer,auth", "--scope", scope]
        code = main([*where, "--json", *words])
        for visit in visits:
            visit.join()
        printed = capsys.readouterr()
        assert code == 0, printed.err
        assert main([*where, "--json", "ls", "--patient", patient["subject"], "--status", "ACTIVE"]) == 0
        rows = json.loads(capsys.readouterr().out)
        assert pending.consent_id in [row["consentId"] for row in rows]
        assert main([*where, "--json", "ls", "--status", "ACTIVE"]) == 0, "by the sign-in alone"
        assert pending.consent_id in [row["consentId"] for row in json.loads(capsys.readouterr().out)]
        other = next(one for one in here.extra["patients"] if one != patient)
        assert main([*where, "ls", "--patient", other["subject"]]) == 1, "nobody else's"
        capsys.readouterr()

        # The access token is over; the refresh token, used once, brings another.
        path = tmp_path / "consentry" / "session.json"
        kept = json.loads(path.read_text())
        tokens = kept[here.auth]["tokens"][here.indexer]
        before = dict(tokens)
        tokens["expires_at"] = 0.0
        path.write_text(json.dumps(kept))
        assert main([*where, "--json", "ls", "--patient", patient["subject"]]) == 0
        after = json.loads(path.read_text())[here.auth]["tokens"][here.indexer]
        assert after["refresh_token"] != before["refresh_token"]
        assert after["value"] != before["value"]

        # Signed in, with one's own key: nothing but the person's own token and signature.
        key = tmp_path / "key"
        key.write_text(patient["privateKey"])
        assert pending.consent_id is not None
        assert main([*where, "--key", str(key), "revoke", pending.consent_id]) == 0


def test_a_further_key_is_bound_by_two_factors_and_a_key_that_stands_already(
    request: pytest.FixtureRequest,
) -> None:
    here = Deployment.read(endpoints())
    visitor = Visitor(here.auth)
    request.addfinalizer(visitor.leaves)
    patient, name = somebody(here, visitor)
    visitor.leaves()
    visitor = Visitor(here.auth)
    request.addfinalizer(visitor.leaves)
    app = next(app for app in here.extra["apps"] if app["id"] == "patient-portal")
    session = Session(here.auth, app["id"], {}, proof_key=ProofKey.generate())
    wish = AuthorizationRequest.new(
        here.auth,
        app["id"],
        app["redirectUri"],
        "launch/patient patient:consent.write",
        here.auth,
        acr="aal2",
        max_age=300,
    )
    first, second = LocalKeySigner(patient["privateKey"]), LocalKeySigner("0x" + secrets.token_hex(32))
    with Client(here, auth=session, signer=second) as person:
        session.redeem(person.transport, wish, wish.code_from(visitor.signs_in_twofold(wish.url, name)))
        assert session.patient == patient["fhirId"]
        about = {"tenant": here.extra["tenant"], "patient": patient["fhirId"]}
        before = [one.subject.lower() for one in person.keys.list()]
        assert first.address.lower() in before
        with pytest.raises(ConflictError):
            person.keys.bind(**about)
        bound = person.keys.bind(**about, endorsed_by=first)
        assert [one.subject.lower() for one in bound] == [*before, second.address.lower()]
        # What it decides counts, like all that the first one decided.
        clinic = next(one for one in here.extra["clients"] if one["id"] == "clinic-b")
        with Client.for_development(here, "ops-system") as system:
            reading = system.transport._tokens
        with Client(here, auth=reading, signer=second) as wallet:
            policy = Policy.build(resources=["Observation"])
            wallet.consents.create(grantee=clinic["address"], policy=policy, days=1).wait_for_active()
            with Client.for_development(here, "clinic-b") as reader:
                answer = reader.gateway.fetch_if_permitted(patient=patient["fhirId"], resource="Observation")
                assert answer.permitted
            wallet.consents.revoke_all().wait_for_revoked()
