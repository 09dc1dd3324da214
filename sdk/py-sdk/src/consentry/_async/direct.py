"""Decisions sent directly: a transaction of one's own in place of the relay."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..calls import DOMAIN_CALL, calldata, error_name, is_domain
from ..deployment import Deployment
from ..errors import ChainError, ConflictError, ConsentryError, SignerError, ValidationError
from ..ids import checksum, keccak256
from ..intents import SignedIntent
from ..progress import IntentStatus
from ..signers import Payer
from ._pause import Lock
from .node import AsyncNode, NodeRefusalError, quantity
from .transport import AsyncTransport

__all__ = ["AsyncDirect", "AsyncSent"]

GAS_MARGIN = 120
"""Per cent of the estimate: what a call needs can grow until it is mined."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A signed transaction. These bytes are what is sent, however often."""

    hash: str
    raw: str
    payer: str
    nonce: int


class AsyncSent:
    """A transaction on its way."""

    def __init__(self, node: AsyncNode, deployment: Deployment, transaction: Transaction) -> None:
        self._node = node
        self._deployment = deployment
        self._transaction = transaction

    def to_json(self) -> dict[str, Any]:
        """Its bytes, so that another process can send them again."""
        return {"transaction": asdict(self._transaction)}

    async def look(self, until: float | None = None) -> IntentStatus:
        """Where it is. One that no node knows is sent again: the same bytes, never another nonce."""
        known = self._transaction
        receipt = await self._node.ask("eth_getTransactionReceipt", [known.hash], until)
        if isinstance(receipt, dict):
            return await self._mined(receipt, until)
        if await self._node.ask("eth_getTransactionByHash", [known.hash], until) is None:
            try:
                await self._node.ask("eth_sendRawTransaction", [known.raw], until)
            except NodeRefusalError:
                # It is known already, or its nonce was used. Only a final block tells for good that another used it.
                used = await self._node.number("eth_getTransactionCount", [known.payer, "finalized"], until)
                if (
                    used > known.nonce
                    and await self._node.ask("eth_getTransactionReceipt", [known.hash], until) is None
                ):
                    return IntentStatus("failed", "another transaction of the payer took its place", known.hash)
        return IntentStatus("submitted", transaction=known.hash)

    async def _mined(self, receipt: dict[str, Any], until: float | None) -> IntentStatus:
        known = self._transaction
        block = quantity(receipt.get("blockNumber"))
        if quantity(receipt.get("status")) != 1:
            return IntentStatus("failed", "the transaction was mined and reverted", known.hash, block)
        final = await self._node.ask("eth_getBlockByNumber", ["finalized", False], until)
        is_final = isinstance(final, dict) and quantity(final.get("number")) >= block
        return IntentStatus("final" if is_final else "included", None, known.hash, block)


class AsyncDirect:
    """Sends decisions as transactions of `payer`, by a node. Whoever decided is who signed the decision, not who pays.

    A gateway hears of a stop that was sent directly when a block has it, not before. Fees are set once: twice the base
    fee and the node's tip.
    """

    def __init__(self, transport: AsyncTransport, deployment: Deployment, url: str, payer: Payer) -> None:
        self._node = AsyncNode(transport, url)
        self._deployment = deployment
        self._payer = payer
        self._lock = Lock()
        self._is_checked = False

    async def send(self, signed: SignedIntent) -> AsyncSent:
        """Simulates, signs and sends. What the registry would refuse is not sent."""
        await self._check()
        call = {
            "from": self._payer.address,
            "to": checksum(self._deployment.registry),
            "data": "0x" + calldata(signed).hex(),
        }
        async with self._lock:  # one nonce after the other
            try:
                await self._node.ask("eth_call", [call, "latest"])
                gas = await self._node.number("eth_estimateGas", [call])
            except NodeRefusalError as refusal:
                raise _refused(refusal) from None
            transaction = await self._signed(call, gas)
            try:
                await self._node.ask("eth_sendRawTransaction", [transaction.raw])
            except NodeRefusalError as refusal:
                # An answer may have got lost and the transaction not.
                if await self._node.ask("eth_getTransactionByHash", [transaction.hash]) is None:
                    raise _not_taken(refusal, self._payer.address) from None
            except ConsentryError as fault:
                # Whether it arrived is not known: the wait finds out, and sends the same bytes again.
                if not fault.retryable:
                    raise
        return AsyncSent(self._node, self._deployment, transaction)

    def resume(self, saved: Any) -> AsyncSent:
        """One that was sent before."""
        try:
            transaction = Transaction(**saved)
            if "0x" + keccak256(bytes.fromhex(transaction.raw.removeprefix("0x"))).hex() != transaction.hash:
                raise ValueError
        except (TypeError, ValueError, AttributeError):
            raise ValidationError("This is not what `Pending.to_json` gave.", code="INVALID_REQUEST") from None
        return AsyncSent(self._node, self._deployment, transaction)

    async def _signed(self, call: dict[str, str], gas: int) -> Transaction:
        payer = self._payer
        nonce = await self._node.number("eth_getTransactionCount", [payer.address, "pending"])
        head = await self._node.ask("eth_getBlockByNumber", ["latest", False])
        tip = await self._node.number("eth_maxPriorityFeePerGas", [])
        base = quantity(head.get("baseFeePerGas") if isinstance(head, dict) else None)
        raw = payer.sign_transaction(
            {
                "type": 2,
                "chainId": self._deployment.chain_id,
                "nonce": nonce,
                "to": call["to"],
                "value": 0,
                "data": call["data"],
                "gas": gas * GAS_MARGIN // 100,
                "maxFeePerGas": 2 * base + tip,
                "maxPriorityFeePerGas": tip,
            }
        )
        return Transaction("0x" + keccak256(raw).hex(), "0x" + raw.hex(), payer.address, nonce)

    async def _check(self) -> None:
        """Nothing is sent to another chain, or to what is no registry."""
        if self._is_checked:
            return
        here = self._deployment
        chain_id = await self._node.number("eth_chainId", [])
        if chain_id != here.chain_id:
            raise ChainError(
                f"The node is on chain {chain_id}, the configured one is {here.chain_id}. Name a node of that chain; "
                "nothing was sent.",
                code="WRONG_DEPLOYMENT",
            )
        try:
            answer = await self._node.ask(
                "eth_call", [{"to": checksum(here.registry), "data": "0x" + DOMAIN_CALL.hex()}, "latest"]
            )
        except NodeRefusalError:
            answer = ""
        if not is_domain(bytes.fromhex(str(answer).removeprefix("0x")), here.domain):
            raise ChainError(
                f"At {here.registry} on chain {chain_id} there is no consent registry. Correct the deployment's "
                "addresses; nothing was sent.",
                code="WRONG_DEPLOYMENT",
            )
        self._is_checked = True


def _refused(refusal: NodeRefusalError) -> ConsentryError:
    """What the simulation says."""
    name = error_name(refusal.data)
    if name == "DeadlinePassed":
        return ConflictError(
            "The signature's deadline is over; decide anew.", code="DEADLINE_PASSED", request_id=refusal.request_id
        )
    if name is None and "fund" in refusal.message.lower():
        return _not_taken(refusal, "that pays")
    return ConflictError(
        f"The registry would refuse it ({name or refusal.message}), so it was not sent. Look at the consent and decide "
        "anew.",
        code="REFUSED_BY_REGISTRY",
        request_id=refusal.request_id,
    )


def _not_taken(refusal: NodeRefusalError, payer: str) -> ConsentryError:
    return SignerError(
        f"The node does not take the transaction of the account {payer}: {refusal.message}. Does it have coins?",
        code="SIGNER_UNAVAILABLE",
        request_id=refusal.request_id,
    )
