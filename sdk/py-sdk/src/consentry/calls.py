"""The registry's calls that carry a signed decision, and the errors it answers with."""

from __future__ import annotations

from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from .ids import address_bytes, keccak256
from .intents import Domain, SignedIntent
from .models.registry import CALLS, ERRORS

__all__ = ["DOMAIN_CALL", "calldata", "error_name", "is_domain"]

DOMAIN_CALL = keccak256(b"eip712Domain()")[:4]
"""Asks a registry for its EIP-712 domain (ERC-5267)."""

ZERO_SALT = bytes(32)


def calldata(signed: SignedIntent) -> bytes:
    """What a transaction to the registry carries."""
    intent = signed.intent
    function, arguments = CALLS[intent.action]
    proof = (signed.signer, signed.signature)
    values: list[Any]
    if intent.action == "Recover":
        # Its signature is the new controller's agreement.
        members = intent.members
        values = [address_bytes(members["subject"]), members["proposalId"], (members["deadline"], proof)]
    else:
        values = [intent.abi(), proof]
        if signed.acceptance is not None:
            deadline, agreed = signed.acceptance
            values.append((deadline, (agreed.signer, agreed.signature)))
    selector = keccak256(f"{function}({','.join(arguments)})".encode())[:4]
    return selector + encode(arguments, values)


def error_name(data: bytes) -> str | None:
    """The registry's error in what a call reverted with."""
    return ERRORS.get("0x" + data[:4].hex())


def is_domain(answer: bytes, domain: Domain) -> bool:
    """Whether the answer to `DOMAIN_CALL` is the one that this domain's registry gives."""
    kinds = ["bytes1", "string", "string", "uint256", "address", "bytes32", "uint256[]"]
    try:
        _, name, version, chain_id, contract, salt, _ = decode(kinds, answer)
    except (DecodingError, ValueError, OverflowError):
        return False
    there = (name, version, chain_id, address_bytes(contract), salt)
    return there == ("Consentry", "1", domain.chain_id, address_bytes(domain.registry), ZERO_SALT)
