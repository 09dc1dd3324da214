"""What answers mean, what is sent again and what never is."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from conftest import vectors
from fake import AS_OF, HASH, PATIENT, Services, consent, deployment, problem

import consentry
from consentry import (
    AsyncClient,
    AsyncStaticTokens,
    AuthError,
    Client,
    ConsentryError,
    Denied,
    Permitted,
    Policy,
    RateLimitedError,
    UnavailableError,
    ValidationError,
    _http,
)
from consentry._sync import transport as sync_transport
from consentry.decision import reason_of

CODES = vectors("error-codes")
BUNDLE = {"resourceType": "Bundle", "type": "searchset", "entry": [
    {"resource": {"resourceType": "Observation", "id": "o"}, "search": {"mode": "match"}},
    {"resource": {"resourceType": "OperationOutcome"}, "search": {"mode": "outcome"}},
]}  # fmt: skip
DECIDED = {"x-decision-id": "d-1", "x-correlation-id": "e" * 32}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    paused: list[float] = []
    monkeypatch.setattr(sync_transport, "sleep", paused.append)
    return paused


def outcome(rule: str) -> dict[str, Any]:
    coding = [{"system": "https://consentry.example/rule", "code": rule}]
    return {"resourceType": "OperationOutcome", "issue": [{"details": {"coding": coding, "text": "No."}}]}


def fetch(services: Services) -> consentry.Decision:
    with services.client() as client:
        return client.gateway.fetch_if_permitted(patient="p", resource="Observation")


def test_every_code_that_is_raised_is_in_the_list_of_all_languages_and_of_its_kind() -> None:
    root = Path(consentry.__file__).parent
    seen = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            kind = node.func.id.removesuffix("Error")
            for keyword in node.keywords:
                if keyword.arg == "code" and isinstance(keyword.value, ast.Constant) and kind in CODES["kinds"]:
                    code = keyword.value.value
                    assert CODES["codes"][str(code)]["kind"] == kind, f"{path.name}: {code!r} is raised as {kind}"
                    seen.add(code)
    assert len(seen) > 25
    for kind in CODES["kinds"]:
        error = getattr(consentry, f"{kind}Error")("x")
        assert CODES["codes"][error.code]["kind"] == kind
    for code, row in CODES["codes"].items():
        assert ConsentryError("x", code=code).retryable == row["retryable"], code


@pytest.mark.parametrize("case", CODES["http"], ids=lambda case: f"{case['status']} {case.get('type', '')}")
def test_an_answer_becomes_the_same_error_everywhere(case: dict[str, Any]) -> None:
    services = Services().on("POST relay /v1/x", problem(case["status"], case.get("type", "other")))
    with services.client() as client, pytest.raises(ConsentryError) as failed:
        client.transport.send(_http.Request("POST", "https://relay.example/v1/x"))
    assert failed.value.code == case["code"]
    assert type(failed.value).__name__ == CODES["codes"][case["code"]]["kind"] + "Error"
    assert failed.value.request_id == "c" * 32
    assert failed.value.status == case["status"]


@pytest.mark.parametrize(("rule", "code"), CODES["faults"].items())
def test_no_decision_is_a_fault_and_never_a_denial(rule: str, code: str) -> None:
    status = 503 if CODES["codes"][code]["retryable"] else 403 if code == "AUTH_FORBIDDEN" else 401
    services = Services().on("GET gateway /fhir", httpx2.Response(status, json=outcome(rule), headers=DECIDED))
    with pytest.raises(ConsentryError) as failed:
        fetch(services)
    assert failed.value.code == code


@pytest.mark.parametrize(("rule", "reason"), [*CODES["rules"].items(), ("a-new-rule", "NO_CONSENT")])
def test_a_denial_is_a_value_with_its_reason(rule: str, reason: str) -> None:
    assert reason_of(rule) == reason
    services = Services().on("GET gateway /fhir", httpx2.Response(403, json=outcome(rule), headers=DECIDED))
    answer = fetch(services)
    assert isinstance(answer, Denied)
    assert (answer.reason, answer.rule, answer.decision_id, answer.permitted) == (reason, rule, "d-1", False)
    assert answer.explain().endswith(".")


def test_a_permit_holds_the_records_without_the_remarks() -> None:
    answer = fetch(Services().on("GET gateway /fhir", httpx2.Response(200, json=BUNDLE, headers=DECIDED)))
    assert isinstance(answer, Permitted)
    assert [record["id"] for record in answer.resources] == ["o"]


def test_an_answer_without_a_decision_is_not_the_gateways() -> None:
    with pytest.raises(UnavailableError) as failed:
        fetch(Services().on("GET gateway /fhir", BUNDLE))
    assert failed.value.code == "UNEXPECTED_ANSWER"


def test_a_403_without_a_decision_is_no_denial_by_the_patient() -> None:
    with pytest.raises(AuthError):
        fetch(Services().on("GET gateway /fhir", httpx2.Response(403, json=outcome("no-consent"))))


@pytest.mark.parametrize("status", CODES["retried"]["statuses"])
def test_a_read_is_tried_three_times_with_jitter(status: int, no_pauses: list[float]) -> None:
    services = Services().on("GET indexer /v1/consents/", problem(status, "unavailable"))
    with services.client() as client, pytest.raises(ConsentryError):
        client.consents.get(HASH)
    assert len(services.asked) == CODES["retried"]["attempts"]
    assert len({request.headers["x-correlation-id"] for request in services.asked}) == 1
    assert 0.25 <= no_pauses[0] <= 0.5 < no_pauses[1] <= 0.75


def test_a_read_that_succeeds_later_succeeds() -> None:
    def broken(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("gone", request=request)

    row = {"asOf": AS_OF, "consent": consent("ACTIVE", 1)}
    services = Services().on("GET indexer /v1/consents/", broken, problem(503, "unavailable"), row)
    with services.client() as client:
        assert client.consents.get(HASH).status == "ACTIVE"


def test_the_services_word_about_when_to_come_back_counts(no_pauses: list[float]) -> None:
    limited = problem(429, "too-many-requests", **{"retry-after": "3"})
    services = Services().on("GET indexer /v1/consents/", limited)
    with services.client() as client, pytest.raises(RateLimitedError) as failed:
        client.consents.get(HASH)
    assert failed.value.retry_after == 3
    assert all(3 <= pause <= 3.25 for pause in no_pauses)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 500])
def test_what_will_not_get_better_is_not_tried_again(status: int) -> None:
    services = Services().on("PUT indexer /v1/policies", problem(status, "other"))
    with services.client() as client, pytest.raises(ConsentryError) as failed:
        client.policies.upload(Policy.build(resources=["Observation"]))
    assert not failed.value.retryable
    # A token that is refused is replaced once.
    assert len(services.asked) == (2 if status == 401 else 1)


def test_a_state_change_without_an_idempotency_key_is_sent_once() -> None:
    services = Services().on("POST relay /v1/x", problem(503, "unavailable"))
    with services.client() as client, pytest.raises(UnavailableError):
        client.transport.send(_http.Request("POST", "https://relay.example/v1/x"))
    assert len(services.asked) == 1


def test_a_repeated_intent_is_the_very_same_bytes_under_the_same_key() -> None:
    row = {"asOf": AS_OF, "consent": consent("ACTIVE", 3)}
    services = Services().relay("final").on("GET indexer /v1/consents/", row)
    real = services._answers["POST relay /v1/intents"][0]
    services.on("POST relay /v1/intents", problem(503, "unavailable"), real)
    with services.client(PATIENT) as client:
        pending = client.consents.revoke(HASH)
    sent = [request for request in services.asked if request.method == "POST"]
    assert len(sent) == 2
    assert sent[0].content == sent[1].content
    assert [request.headers["idempotency-key"] for request in sent] == [pending.digest] * 2


def test_an_unreachable_service_is_named_with_what_to_do() -> None:
    with Client(
        deployment(gateway="http://127.0.0.1:9"), auth=consentry.StaticTokens({"http://127.0.0.1:9": "t"})
    ) as client:
        with pytest.raises(UnavailableError, match=r"No answer from http://127.0.0.1:9 .*Is it running") as failed:
            client.gateway.fetch_if_permitted(patient="p", resource="Observation")
        assert failed.value.code == "UNAVAILABLE"
        health = client.health.check()
        assert not health["gateway"].ready


def test_an_answer_of_another_form_is_refused_without_quoting_it() -> None:
    services = Services().on("GET indexer /v1/consents/", {"secret": "value"})
    with services.client() as client, pytest.raises(UnavailableError) as failed:
        client.consents.get(HASH)
    assert failed.value.code == "UNEXPECTED_ANSWER"
    assert "value" not in str(failed.value)


def test_a_document_with_another_hash_is_refused() -> None:
    real, other = Policy.build(resources=["Observation"]), Policy.build(resources=["Observation"])
    services = Services().on("GET indexer /v1/policies/", httpx2.Response(200, content=other.canonical))
    with services.client() as client, pytest.raises(ValidationError) as failed:
        client.policies.get(real.hash)
    assert failed.value.code == "POLICY_HASH_MISMATCH"


@pytest.mark.parametrize("wrong", ["../../v1/counts", "a/b?c", "", "\ud800", "é"])
def test_what_is_no_id_goes_into_no_path(wrong: str) -> None:
    services = Services()
    with services.client() as client:
        read = client.gateway.fetch_if_permitted
        for patient, resource, id in ((wrong, "Patient", "i"), ("p", wrong, "i"), ("p", "Patient", wrong)):
            with pytest.raises(ValidationError) as refused:
                read(patient=patient, resource=resource, id=id)
            assert refused.value.code == "INVALID_REQUEST"
        for consent_id in (wrong, "0x01"):
            with pytest.raises(ValidationError):
                client.consents.get(consent_id)
    assert services.asked == []


def test_pages_are_followed_to_the_end() -> None:
    page = {"asOf": AS_OF, "consents": [consent("ACTIVE", 1)], "next": HASH}
    last = {"asOf": AS_OF, "consents": [consent("REVOKED", 2)], "next": None}
    services = Services().on("GET indexer /v1/consents", page, {**page, "consents": []}, last)
    with services.client() as client:
        assert [row.status for row in client.consents.list(patient=PATIENT.address)] == ["ACTIVE", "REVOKED"]
    assert [request.url.params.get("cursor") for request in services.asked] == [None, HASH, HASH]


def test_the_asynchronous_client_has_the_same_verbs() -> None:
    services = Services().on("GET gateway /fhir", httpx2.Response(200, json=BUNDLE, headers=DECIDED))

    async def run() -> consentry.Decision:
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(services.handle))
        tokens = AsyncStaticTokens({"https://gateway.example": "t"})
        async with http, AsyncClient(deployment(), auth=tokens, http=http) as client:
            return await client.gateway.fetch_if_permitted(patient="p", resource="Observation")

    assert asyncio.run(run()).permitted


def test_an_answer_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "MAX_BODY", 1000)
    sent = []

    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            sent.append(1)
            yield b" " * 100

    services = Services().on("GET indexer /v1/consents/", lambda _: httpx2.Response(200, content=chunks()))
    with services.client() as client, pytest.raises(UnavailableError, match="Ask for less") as failed:
        client.consents.get(HASH)
    assert failed.value.code == "UNEXPECTED_ANSWER"
    assert len(sent) == 11
