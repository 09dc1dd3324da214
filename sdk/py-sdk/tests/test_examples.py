"""The examples run as they stand, in an order that makes sense."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest
from stack import address_of, endpoints, person_of

from consentry import Client, Deployment, Policy
from consentry.models.indexer import ConsentRow

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SHORT = ["create_consent", "fetch_if_permitted", "revoke_consent"]


def run(name: str, code: int = 0) -> str:
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), str(endpoints())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout


@pytest.mark.stack
def test_the_examples_run_one_after_the_other() -> None:
    run("revoke_consent")
    assert "denied" in run("fetch_if_permitted")
    assert "active: 0x" in run("create_consent")
    assert "records, decision" in run("fetch_if_permitted")
    assert run("unused_consents").endswith("0 unused\n")
    assert "agreed to:" in run("answer_requests")
    assert run("revoke_consent").count("ended: 0x") == 2
    assert "denied (REVOKED)" in run("fetch_if_permitted")


@pytest.mark.stack
def test_the_nightly_job_tells_used_consents_from_unused_ones() -> None:
    here = Deployment.read(endpoints())
    person = person_of(here)
    with Client.for_development(here, f"patient:{person['fhirId']}") as patient:
        long_ago = int(time.time()) - 100 * 86_400
        policy = Policy.build(resources=["Observation"])
        given = [
            patient.consents.create(
                grantee=address_of(here, clinic), policy=policy, valid_from=long_ago
            ).wait_for_active()
            for clinic in ("clinic-a", "clinic-b")
        ]
        try:
            names = [row.consent_id[:12] for row in given if row is not None]
            with Client.for_development(here, "clinic-a") as clinic:
                answer = clinic.gateway.fetch_if_permitted(patient=person["fhirId"], resource="Observation")
            assert answer.permitted
            ends = time.monotonic() + 30
            while True:  # the decision is archived a moment later
                lines = {line.split()[0]: line for line in run("unused_consents", code=3).splitlines()}
                assert "UNUSED for 90 days" in lines[names[1]]
                if "  used 2" in lines[names[0]]:
                    break
                assert time.monotonic() < ends, lines[names[0]]
        finally:
            patient.consents.revoke_all().wait_for_revoked()


@pytest.mark.stack
def test_what_the_readme_shows_of_deciding_runs(capsys: pytest.CaptureFixture[str]) -> None:
    readme = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
    program = readme.split("## Deciding\n```python\n", 1)[1].split("```", 1)[0]
    here = Deployment.read(endpoints())
    person = person_of(here)
    with (
        Client.for_development(here, "clinic-a") as clinic,
        Client.for_development(here, f"patient:{person['fhirId']}") as patient,
    ):
        known = {"clinic": clinic, "patient": patient, "subject": person["subject"], "Policy": Policy}
        exec(compile(program, "README.md", "exec"), known)
        consent = known["consent"]
        assert isinstance(consent, ConsentRow)
        assert patient.consents.get(consent.consent_id).status == "REVOKED"
    printed = capsys.readouterr().out
    assert "It never shares anything about" in printed
    assert "the consent is ACTIVE" in printed


@pytest.mark.parametrize("name", SHORT)
def test_the_short_examples_are_short(name: str) -> None:
    tree = ast.parse((EXAMPLES / f"{name}.py").read_text())
    lines = {
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and not isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert len(lines) <= 11, "ten lines of substance, and the sentence that says what it is"
