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

from consentry import Client, ClientCredentials, Deployment, Policy
from consentry._http import Request
from consentry.cli import main
from consentry.errors import ConsentryError

pytestmark = pytest.mark.stack


def somebody(here: Deployment, visitor: Visitor) -> dict[str, str]:
    """A seeded patient who has no account yet makes one."""
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
            visitor.enrols(code, f"pat.{secrets.token_hex(4)}")
            return dict(patient)
    pytest.skip("every seeded patient of this stack has an account already")


def test_a_patient_signs_in_and_sees_their_own_consents(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    here = Deployment.read(endpoints())
    visitor = Visitor(here.auth)
    request.addfinalizer(visitor.leaves)
    patient = somebody(here, visitor)
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
        words = ["login", "--client", "patient-portal", "--for", "indexer", "--scope", scope]
        code = main([*where, "--json", *words])
        for visit in visits:
            visit.join()
        printed = capsys.readouterr()
        assert code == 0, printed.err
        assert main([*where, "--json", "ls", "--patient", patient["subject"], "--status", "ACTIVE"]) == 0
        rows = json.loads(capsys.readouterr().out)
        assert pending.consent_id in [row["consentId"] for row in rows]
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
