"""What Python's own parser and types take without a word is refused, with the code of every language."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fake import CLINIC, PATIENT, Services

from consentry import Domain, Intent, Policy, SignedIntent, ValidationError
from consentry.statements import patient_ref_hash, statement_digest
from consentry.strict_json import MAX_SAFE_INTEGER, parse_strict

DOCUMENT = Policy.build(resources=[("Observation", ["laboratory"])], salt="0x" + "ab" * 32).canonical.decode()


def changed(old: str, new: str) -> str:
    assert old in DOCUMENT
    return DOCUMENT.replace(old, new, 1)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (changed('"v":1', '"v":1,"v":1'), "POLICY_DUPLICATE_KEY"),
        (changed('"v":1', '"v":1,"\\u0076":2'), "POLICY_DUPLICATE_KEY"),
        (changed('"v":1', '"v":1,"V":1'), "POLICY_CASE_VARIANT_KEY"),
        (changed('"v":1', '"v":NaN'), "POLICY_JSON"),
        (changed('"v":1', '"v":Infinity'), "POLICY_JSON"),
        (changed('"v":1', '"v":-Infinity'), "POLICY_JSON"),
        (changed('"v":1', f'"v":{MAX_SAFE_INTEGER + 2}'), "POLICY_NUMBER"),
        (changed('"v":1', '"v":' + "9" * 6_000), "POLICY_NUMBER"),
        (changed('"v":1', '"v":1.0'), "POLICY_NUMBER"),
        (changed('"v":1', '"v":1e400'), "POLICY_NUMBER"),
        (changed('"v":1', '"v":-0'), "POLICY_NUMBER"),
        (changed('"v":1', '"v":\uff11'), "POLICY_JSON"),
        (changed('"v":1', '"v":1_0'), "POLICY_JSON"),
        (changed('"v":1', '"v":true'), "POLICY_TYPE"),
        (changed("laboratory", "\\ud800"), "POLICY_JSON"),
        (changed("laboratory", "\ud800"), "POLICY_JSON"),
        (changed("laboratory", "Amma\u0308"), "POLICY_NORMAL_FORM"),
        (changed("laboratory", "\t"), "POLICY_JSON"),
        (changed('"v":1', '"v":' + "[" * 5_000 + "]" * 5_000), "POLICY_JSON"),
        ("\ufeff" + DOCUMENT, "POLICY_JSON"),
        (DOCUMENT.encode("utf-16"), "POLICY_JSON"),
        (DOCUMENT.encode("utf-8-sig"), "POLICY_JSON"),
        (DOCUMENT + "\x0b", "POLICY_JSON"),
        ("", "POLICY_JSON"),
    ],
    ids=range(24),
)
def test_a_document_that_python_would_take_is_refused(document: str | bytes, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Policy.parse(document)
    assert refused.value.code == code
    assert refused.value.__cause__ is None, "a cause could quote the document"


@pytest.mark.parametrize(("depth", "is_taken"), [(127, True), (128, False)])
def test_nesting_is_as_deep_as_the_services_read(depth: int, is_taken: bool) -> None:
    text = "[" * depth + '"[\\"["' + "]" * depth
    if is_taken:
        assert parse_strict(text)
    else:
        with pytest.raises(ValidationError) as refused:
            parse_strict(text)
        assert refused.value.code == "POLICY_JSON"


REVOKE = {
    "actor": PATIENT.address,
    "subject": PATIENT.address,
    "grantee": CLINIC.address,
    "scopeId": "0x" + "03" * 32,
    "throughVersion": 3,
    "deadline": 9,
}


@pytest.mark.parametrize("value", [True, 3.0, "3", -1, 2**32, None, float("nan")], ids=repr)
def test_a_number_of_an_intent_is_an_integer_of_its_size(value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        Intent("Revoke", REVOKE | {"throughVersion": value})
    assert refused.value.code == "INTENT_FORM"


@pytest.mark.parametrize("value", ["0x" + "٣" * 40, "0X" + "11" * 20, "0x" + "11" * 20 + "\n", b"1" * 20, 5], ids=repr)
def test_an_address_is_ascii_and_nothing_around_it(value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        Intent("Revoke", REVOKE | {"grantee": value})
    assert refused.value.code == "INTENT_FORM"


def test_a_signed_intent_is_read_as_strictly() -> None:
    body = {"action": "Revoke", "intent": REVOKE, "proof": {"signer": "0x", "signature": "0x" + "11" * 65}}
    assert SignedIntent.from_json(json.loads(json.dumps(body))).intent.action == "Revoke"
    for wrong in (
        {**body, "extra": 1},
        {**body, "intent": {**REVOKE, "extra": 1}},
        {**body, "proof": {"signer": "0x", "signature": "0x1"}},
        {**body, "proof": {"signer": "0x", "signature": "0x" + "1 " * 65}},
        [body],
    ):
        with pytest.raises(ValidationError):
            SignedIntent.from_json(wrong)  # type: ignore[arg-type]


def test_text_that_has_no_bytes_is_not_sent() -> None:
    services = Services()
    with services.client() as client:
        for ask in (
            lambda: list(client.access.list(patient="\ud800")),
            lambda: client.gateway.fetch_if_permitted(patient="p", resource="Patient", search={"name": "\ud800"}),
            lambda: list(client.consents.list(patient="\ud800")),
        ):
            with pytest.raises(ValidationError) as refused:
                ask()
            assert refused.value.code == "INVALID_REQUEST"
    assert services.asked == []
    with pytest.raises(ValidationError):
        patient_ref_hash("\ud800")


def test_text_that_has_no_bytes_is_not_signed() -> None:
    """Elsewhere a lone surrogate becomes a replacement character, and something else is signed."""
    members = {"patientRefHash": "0x" + "11" * 32, "subject": PATIENT.address, "nonce": 1, "deadline": 9}
    domain = Domain(1, CLINIC.address)
    assert statement_digest("Bind", {**members, "tenant": "general-hospital"}, domain)
    for tenant in ("\ud800", 5, None):
        with pytest.raises(ValidationError) as refused:
            statement_digest("Bind", {**members, "tenant": tenant}, domain)
        assert refused.value.code == "INTENT_FORM"
