"""Identifiers: addresses and 32-byte hashes, as `0x` and hexadecimal digits."""

from __future__ import annotations

import re

from eth_abi.abi import encode
from eth_hash.auto import keccak as _keccak

from .errors import ValidationError

__all__ = ["address_bytes", "checksum", "consent_id", "hash_bytes", "keccak256", "same_address"]

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_HASH = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)


def keccak256(data: bytes) -> bytes:
    """Keccak-256 as the chain computes it."""
    return bytes(_keccak(data))


def address_bytes(address: str, what: str = "address", code: str = "INVALID_REQUEST") -> bytes:
    """The 20 bytes of an address."""
    if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
        raise ValidationError(f"`{what}` must be 0x and 40 hex digits.", code=code)
    return bytes.fromhex(address[2:])


def hash_bytes(value: str, what: str = "hash", code: str = "INVALID_REQUEST") -> bytes:
    """The 32 bytes of a hash."""
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise ValidationError(f"`{what}` must be 0x and 64 hex digits.", code=code)
    return bytes.fromhex(value[2:])


def checksum(address: str) -> str:
    """An address with its checksum in the case of its letters (ERC-55)."""
    digits = address_bytes(address).hex()
    marks = keccak256(digits.encode()).hex()
    return "0x" + "".join(c.upper() if int(m, 16) >= 8 else c for c, m in zip(digits, marks, strict=False))


def same_address(one: str, other: str) -> bool:
    """Whether both name the same account, whatever the case of their letters."""
    return address_bytes(one) == address_bytes(other)


def consent_id(chain_id: int, registry: str, subject: str, grantee: str, scope_id: str) -> str:
    """`keccak256(abi.encode(chainId, registry, subject, grantee, scopeId))`."""
    words = encode(
        ["uint256", "address", "address", "address", "bytes32"],
        [
            chain_id,
            address_bytes(registry, "registry"),
            address_bytes(subject, "subject"),
            address_bytes(grantee, "grantee"),
            hash_bytes(scope_id, "scope_id"),
        ],
    )
    return "0x" + keccak256(words).hex()
