"""By which addresses a practitioner asks: what is signed, and what is handed in."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from fake import CLINIC, Services, deployment, problem

from consentry import ConflictError
from consentry.errors import ValidationError
from consentry.signers import verify_signature
from consentry.statements import statement_digest

ABOUT: dict[str, Any] = {"tenant": "general-hospital", "organization": "clinic-a", "practitioner": "dr-7"}
SAID = {
    "grantee": CLINIC.address,
    "nonce": "1",
    "deadline": 9,
    "signature": "0x01",
    "boundAt": "2026-01-01T00:00:00Z",
}
OWN = {"organization": "clinic-a", "practitioner": "dr-7", "bindings": [SAID]}


def test_a_practitioners_key_signs_whose_it_is_and_nothing_else_is_handed_in() -> None:
    made = Services().on("POST auth /v1/grantee-bindings", httpx2.Response(201, json=OWN))
    with made.client(CLINIC) as client:
        (bound,) = client.grantees.bind(**ABOUT, nonce=3)
    assert bound.grantee == CLINIC.address
    body = json.loads(made.asked[0].content)
    assert set(body) == {"grantee", "nonce", "deadline", "signature"}
    assert (body["grantee"], body["nonce"]) == (CLINIC.address, "3")
    members = {**ABOUT, "grantee": CLINIC.address, "nonce": 3, "deadline": body["deadline"]}
    digest = statement_digest("BindGrantee", members, deployment().domain)
    verify_signature(digest, bytes.fromhex(body["signature"][2:]), CLINIC.address)


def test_own_addresses_are_listed_and_ended() -> None:
    made = Services().on("GET auth /v1/grantee-bindings", OWN)
    made.on("DELETE auth /v1/grantee-bindings/", httpx2.Response(204))
    with made.client() as client:
        assert [one.grantee for one in client.grantees.list()] == [CLINIC.address]
        client.grantees.end(CLINIC.address.lower())
        with pytest.raises(ValidationError):
            client.grantees.end("../accounts")
    assert list(made.lines()) == ["GET /v1/grantee-bindings", f"DELETE /v1/grantee-bindings/{CLINIC.address}"]


def test_an_address_of_somebody_else_is_a_conflict() -> None:
    made = Services().on("POST auth /v1/grantee-bindings", problem(409, "address-taken"))
    with made.client(CLINIC) as client, pytest.raises(ConflictError):
        client.grantees.bind(**ABOUT)
