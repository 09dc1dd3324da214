"""Services that answer what a test wants, without a network."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2

from consentry import Client, Deployment, LocalKeySigner, StaticTokens
from consentry.intents import SignedIntent

REGISTRY = "0x07D7cF59fC1aeA74BC39697DD4Dca2bdaFeeFfB0"
PATIENT = LocalKeySigner("0x" + "01" * 32)
CLINIC = LocalKeySigner("0x" + "02" * 32)
HASH = "0x" + "aa" * 32
AS_OF = {
    "chainId": 31337,
    "registry": REGISTRY,
    "blockNo": 10,
    "blockHash": HASH,
    "rev": 4,
    "reorgEpoch": 0,
    "observedAt": "2026-01-01T00:00:00Z",
}


def deployment(**changes: Any) -> Deployment:
    base = "https://{}.example"
    values: dict[str, Any] = {name: base.format(name) for name in ("auth", "indexer", "gateway", "relay", "audit")}
    values |= {"chain_id": 31337, "registry": REGISTRY, "finality": "latest"} | changes
    return Deployment(**values)


def problem(status: int, slug: str, detail: str = "Something.", **headers: str) -> httpx2.Response:
    body = {
        "type": f"https://consentry.example/problems/{slug}",
        "title": slug,
        "status": status,
        "detail": detail,
        "corrId": "c" * 32,
    }
    return httpx2.Response(status, json=body, headers=headers)


def consent(status: str, version: int, **changes: Any) -> dict[str, Any]:
    row = {
        "consentId": HASH,
        "patientId": PATIENT.address,
        "granteeId": CLINIC.address,
        "scopeId": "0x" + "03" * 32,
        "status": status,
        "validFrom": 1,
        "validTo": None,
        "version": version,
        "epoch": 0,
        "subjectEpoch": 0,
        "txHash": HASH,
        "blockNo": 9,
        "blockHash": HASH,
        "logIndex": 0,
        "finality": "latest",
        "rev": 3,
    }
    return row | changes


def view(state: str, digest: str, **changes: Any) -> dict[str, Any]:
    row = {
        "digest": digest,
        "action": "Revoke",
        "subject": PATIENT.address,
        "state": state,
        "acceptedAt": "2026-01-01T00:00:00Z",
        "changedAt": "2026-01-01T00:00:00Z",
    }
    return row | changes


class Services:
    """Answers by method and path; each answer is used once, the last for ever."""

    def __init__(self) -> None:
        self.asked: list[httpx2.Request] = []
        self._answers: dict[str, list[Callable[[httpx2.Request], httpx2.Response]]] = {}

    def on(self, what: str, *answers: Any) -> Services:
        """`what` is `GET indexer /v1/consents`, or begins so."""
        made = []
        for answer in answers:
            if callable(answer):
                made.append(answer)
            elif isinstance(answer, httpx2.Response):
                made.append(
                    lambda _, kept=answer: httpx2.Response(kept.status_code, headers=kept.headers, content=kept.content)
                )
            else:
                made.append(lambda _, kept=answer: httpx2.Response(200, json=kept))
        self._answers[what] = made
        return self

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        line = f"{request.method} {request.url.host.removesuffix('.example')} {request.url.path}"
        for what in sorted(self._answers, key=len, reverse=True):
            if line.startswith(what):
                answers = self._answers[what]
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                return answer(request)
        return problem(404, "not-found", f"no answer for {line}")

    def lines(self) -> Iterator[str]:
        for request in self.asked:
            yield f"{request.method} {request.url.path}"

    def relay(self, *states: str, **changes: Any) -> Services:
        """The relay takes an intent in; later it is in these states, one a question."""
        digests: list[str] = []

        def take(request: httpx2.Request) -> httpx2.Response:
            signed = SignedIntent.from_json(json.loads(request.content))
            digests.append("0x" + signed.intent.digest(deployment().domain).hex())
            return httpx2.Response(202, json=view("accepted", digests[-1]))

        def ask(state: str) -> Callable[[httpx2.Request], httpx2.Response]:
            return lambda _: httpx2.Response(200, json=view(state, digests[-1], **changes))

        self.on("POST relay /v1/intents", take)
        if states:
            self.on("GET relay /v1/intents/", *(ask(state) for state in states))
        return self

    def client(self, signer: LocalKeySigner | None = None, *, tokens: bool = True, **changes: Any) -> Client:
        here = deployment(**changes)
        auth = StaticTokens(dict.fromkeys((here.auth, here.indexer, here.gateway, here.relay, here.audit), "t"))
        http = httpx2.Client(transport=httpx2.MockTransport(self.handle))
        return Client(here, auth=auth if tokens else None, signer=signer, http=http)
