"""Decisions sent directly: simulated, sent once, sent again as the same bytes, and never to another registry."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from eth_abi.abi import decode, encode
from fake import CLINIC, PATIENT, REGISTRY, Services, consent, deployment

from consentry import (
    ChainError,
    Client,
    ConflictError,
    FinalityTimeoutError,
    SignerError,
    StaticTokens,
    UnavailableError,
)
from consentry._sync import pending as sync_pending
from consentry._sync import transport as sync_transport
from consentry.calls import calldata, error_name
from consentry.ids import address_bytes, keccak256
from consentry.intents import ACTIONS, Intent, accept_control, fields_of
from consentry.models.indexer import ConsentRow
from consentry.models.registry import CALLS

NODE = "https://node.example/secret-key"
HELD = ConsentRow.model_validate(consent("ACTIVE", 3))


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (sync_pending, sync_transport):
        monkeypatch.setattr(module, "sleep", lambda _: None)


def domain(**changes: Any) -> str:
    values = {"name": "Consentry", "chain": 31337, "registry": REGISTRY} | changes
    kinds = ["bytes1", "string", "string", "uint256", "address", "bytes32", "uint256[]"]
    there = [b"\x0f", values["name"], "1", values["chain"], address_bytes(str(values["registry"])), bytes(32), []]
    return "0x" + encode(kinds, there).hex()


class Node:
    """A chain of one account."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.mined: int | None = None
        self.known = False
        self.answers: dict[str, Callable[[list[Any]], Any]] = {
            "eth_chainId": lambda _: hex(31337),
            "eth_call": lambda asked: domain() if len(asked[0]["data"]) == 10 else "0x",
            "eth_estimateGas": lambda _: hex(50_000),
            "eth_getTransactionCount": lambda _: hex(7),
            "eth_maxPriorityFeePerGas": lambda _: hex(1),
            "eth_getBlockByNumber": self._block,
            "eth_sendRawTransaction": self._take,
            "eth_getTransactionByHash": lambda _: {} if self.known else None,
            "eth_getTransactionReceipt": self._receipt,
        }

    def _block(self, asked: list[Any]) -> dict[str, str]:
        return {"number": hex(10 if asked[0] == "finalized" else 12), "baseFeePerGas": hex(100)}

    def _take(self, asked: list[Any]) -> str:
        self.sent.append(asked[0])
        self.known = True
        return "0x" + keccak256(bytes.fromhex(asked[0][2:])).hex()

    def _receipt(self, _: list[Any]) -> dict[str, str] | None:
        return None if self.mined is None else {"status": "0x1", "blockNumber": hex(self.mined)}

    def refuses(self, method: str, message: str, data: str | None = None) -> None:
        def refuse(_: list[Any]) -> Any:
            raise RuntimeError(message, data)

        self.answers[method] = refuse

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        asked = json.loads(request.content)
        body: dict[str, Any] = {"jsonrpc": "2.0", "id": asked["id"]}
        try:
            body["result"] = self.answers[asked["method"]](asked["params"])
        except RuntimeError as refusal:
            message, data = refusal.args
            body["error"] = {"code": 3, "message": message, "data": data}
        return httpx2.Response(200, json=body)

    def client(self, **changes: Any) -> Client:
        services = Services().on("POST node /secret-key", self.handle)
        services.on("GET indexer", httpx2.Response(503))
        http = httpx2.Client(transport=httpx2.MockTransport(services.handle))
        here = deployment(**changes)
        return Client(here, signer=PATIENT, node=NODE, http=http, auth=StaticTokens({here.indexer: "t"}))


def test_a_stop_is_simulated_signed_and_sent_once() -> None:
    node = Node()
    with node.client() as client:
        pending = client.consents.revoke(HELD)
        status = pending.status()
    assert len(node.sent) == 1
    assert status.state == "submitted"
    assert status.transaction == pending.to_json()["transaction"]["hash"]


@pytest.mark.parametrize(("block", "state"), [(10, "final"), (11, "included")])
def test_a_mined_transaction_is_final_below_the_final_block(block: int, state: str) -> None:
    node = Node()
    with node.client() as client:
        pending = client.consents.revoke(HELD)
        node.mined = block
        assert pending.status().state == state


def test_what_the_registry_would_refuse_is_not_sent() -> None:
    node = Node()
    selector = "0x" + keccak256(b"StaleStop(uint32,uint32)")[:4].hex()
    assert error_name(bytes.fromhex(selector[2:])) == "StaleStop"
    node.refuses("eth_estimateGas", "execution reverted", selector + "00" * 64)
    with node.client() as client, pytest.raises(ConflictError, match="StaleStop") as refused:
        client.consents.revoke(HELD)
    assert refused.value.code == "REFUSED_BY_REGISTRY"
    assert node.sent == []


@pytest.mark.parametrize(
    "wrong",
    [{"chain_id": 1}, {"registry": CLINIC.address}, {"answer": "0x"}, {"answer": domain(name="Other")}],
    ids=str,
)
def test_nothing_is_sent_to_another_chain_or_registry(wrong: dict[str, Any]) -> None:
    node = Node()
    answer = wrong.pop("answer", None)
    if answer is not None:
        node.answers["eth_call"] = lambda _: answer
    with node.client(**wrong) as client, pytest.raises(ChainError, match=r"Name a node|Correct the dep") as refused:
        client.consents.revoke(HELD)
    assert refused.value.code == "WRONG_DEPLOYMENT"
    assert node.sent == []


def test_an_answer_that_got_lost_is_found_out_by_the_wait_with_the_same_bytes() -> None:
    node = Node()
    take = node.answers["eth_sendRawTransaction"]
    lost = iter(range(3))

    def break_off(asked: list[Any]) -> Any:
        if next(lost, None) is not None:
            node.sent.append(asked[0])
            raise httpx2.ReadError("gone")
        return take(asked)

    node.answers["eth_sendRawTransaction"] = break_off
    with node.client() as client:
        pending = client.consents.revoke(HELD)
        assert pending.status().state == "submitted"
        node.known = False  # a reorganisation, or a node that forgot it
        assert pending.status().state == "submitted"
    assert len(node.sent) == 5
    assert len(set(node.sent)) == 1, "never another nonce"


def test_a_nonce_that_another_transaction_used_is_told_when_that_is_final() -> None:
    node = Node()
    with node.client() as client:
        pending = client.consents.revoke(HELD)
        node.known = False
        node.refuses("eth_sendRawTransaction", "nonce too low")
        assert pending.status().state == "submitted", "it may still be this one"
        node.answers["eth_getTransactionCount"] = lambda asked: hex(8 if asked[1] == "finalized" else 7)
        with pytest.raises(ChainError, match="took its place") as failed:
            pending.wait_for_revoked()
    assert failed.value.code == "INTENT_FAILED"


def test_a_mined_and_reverted_transaction_failed() -> None:
    node = Node()
    node.answers["eth_getTransactionReceipt"] = lambda _: {"status": "0x0", "blockNumber": "0x1"}
    with node.client() as client, pytest.raises(ChainError, match="reverted"):
        client.consents.revoke(HELD).wait_for_revoked()


def test_an_account_without_coins_is_told() -> None:
    for method in ("eth_estimateGas", "eth_sendRawTransaction"):
        node = Node()
        node.refuses(method, "insufficient funds for gas * price + value")
        with node.client() as client, pytest.raises(SignerError, match="Does it have coins"):
            client.consents.revoke(HELD)


def test_a_node_that_is_away_is_named_without_the_key_in_its_address() -> None:
    node = Node()

    def gone(_: list[Any]) -> Any:
        raise httpx2.ConnectError("gone")

    node.answers["eth_chainId"] = gone
    with (
        node.client() as client,
        pytest.raises(UnavailableError, match=r"No answer from https://node\.example ") as away,
    ):
        client.consents.revoke(HELD)
    assert "secret-key" not in str(away.value)
    node = Node()
    with node.client() as client:
        pending = client.consents.revoke(HELD)
        with pytest.raises(FinalityTimeoutError, match="still on its way"):
            pending.wait_for_revoked(timeout=0)


def test_somebody_has_to_pay() -> None:
    with pytest.raises(SignerError, match="payer"):
        Client(deployment(), node=NODE)


@pytest.mark.parametrize("action", sorted({*ACTIONS, "Recover"} - {"AcceptControl"}))
def test_every_decision_has_a_call_that_takes_what_was_signed(action: str) -> None:
    function, arguments = CALLS[action]
    assert function
    if action == "Recover":
        assert arguments == ("address", "uint32", "(uint40,(bytes,bytes))")
        return
    kinds = [kind for kind, _ in fields_of(ACTIONS[action])]
    op = "(uint8,address,bytes32,uint40,uint40,uint32)"
    assert arguments[0] == "(" + ",".join(kinds).replace("Op", op) + ")"
    assert arguments[1] == "(bytes,bytes)"
    assert (len(arguments) == 3) == (action == "Rotate")


def test_a_rotation_and_a_recovery_carry_the_new_keys_agreement() -> None:
    about = {"actor": PATIENT.address, "subject": PATIENT.address, "newController": CLINIC.address, "seq": 1}
    rotation = Intent("Rotate", {**about, "deadline": 9})
    here = deployment().domain
    agreed = accept_control(rotation, 8).sign(here, CLINIC.sign_digest)
    signed = rotation.signed(PATIENT.sign_digest(rotation.digest(here)), acceptance=(8, agreed))
    data = calldata(signed)
    assert agreed.signature in data
    assert signed.signature in data
    members = {"actor": CLINIC.address, "subject": PATIENT.address, "proposalId": 3, "seq": 1, "deadline": 9}
    recovery = Intent("Recover", members).sign(here, CLINIC.sign_digest)
    subject, proposal, (deadline, proof) = decode(list(CALLS["Recover"][1]), calldata(recovery)[4:])
    assert (subject, proposal, deadline) == (PATIENT.address.lower(), 3, 9)
    assert proof == (b"", recovery.signature)
