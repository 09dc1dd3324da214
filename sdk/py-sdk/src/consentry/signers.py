"""Who signs. Anything with an address that signs 32 bytes will do; a local key needs the extra `consentry[keys]`."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from .errors import SignerError, ValidationError
from .ids import checksum, same_address

__all__ = ["LocalKeySigner", "Payer", "Signer", "payer_of", "verify_signature"]

_NO_EXTRA = "Local keys need the extra: pip install 'consentry[keys]'."


@runtime_checkable
class Signer(Protocol):
    """A key of an ordinary account (65 bytes of ECDSA), wherever it is kept."""

    @property
    def address(self) -> str:
        """Whose signature it is."""
        ...

    def sign_digest(self, digest: bytes) -> bytes:
        """Signs an EIP-712 digest. Show people what they sign before you call this: a digest says nothing."""
        ...


@runtime_checkable
class Payer(Protocol):
    """An account that pays for transactions, where decisions are sent directly."""

    @property
    def address(self) -> str:
        """The account."""
        ...

    def sign_transaction(self, transaction: dict[str, Any]) -> bytes:
        """Signs a transaction (EIP-1559), in the form of JSON-RPC, and gives its bytes."""
        ...


def payer_of(payer: object, signer: object) -> Payer:
    """Who pays: the one named, else the signer if it can."""
    for each in (payer, signer):
        if isinstance(each, Payer):
            return each
    raise SignerError(
        "Sending directly costs coins: give the client a `payer` that signs transactions.", code="SIGNER_UNAVAILABLE"
    )


class LocalKeySigner:
    """A private key in this process's memory: for development, tests and machines. People have wallets."""

    def __init__(self, private_key: str) -> None:
        try:
            from eth_account import Account
        except ImportError:
            raise SignerError(_NO_EXTRA, code="SIGNER_UNAVAILABLE") from None
        try:
            self._account = Account.from_key(private_key)
        except Exception:
            # The cause may quote the key.
            raise SignerError("The private key must be 0x and 64 hex digits.", code="SIGNER_UNAVAILABLE") from None

    def __repr__(self) -> str:
        return f"LocalKeySigner({self.address})"

    @property
    def address(self) -> str:
        """The key's address."""
        return checksum(self._account.address)

    def sign_digest(self, digest: bytes) -> bytes:
        """65 bytes, `r ‖ s ‖ v`."""
        return bytes(self._account.unsafe_sign_hash(digest).signature)

    def sign_transaction(self, transaction: dict[str, Any]) -> bytes:
        """The bytes of the signed transaction."""
        return bytes(self._account.sign_transaction(transaction).raw_transaction)


HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""The largest `s` of a signature; its mirror image is refused (EIP-2)."""


def verify_signature(digest: bytes, signature: bytes, address: str) -> None:
    """Makes sure that an ordinary account signed the digest: 65 bytes, or 64 by EIP-2098. Needs `consentry[keys]`."""
    try:
        from eth_keys.datatypes import Signature
        from eth_keys.exceptions import BadSignature
    except ImportError:
        raise SignerError(_NO_EXTRA, code="SIGNER_UNAVAILABLE") from None
    malformed = ValidationError(
        "The signature is of another length, or has another v or a high s.", code="SIGNATURE_MALFORMED"
    )
    if len(signature) == 65 and signature[64] in (27, 28):
        r, s, v = signature[:32], int.from_bytes(signature[32:64], "big"), signature[64] - 27
    elif len(signature) == 64:
        mixed = int.from_bytes(signature[32:], "big")
        r, s, v = signature[:32], mixed & (2**255 - 1), mixed >> 255
    else:
        raise malformed
    if not 0 < s <= HALF_ORDER:
        raise malformed
    try:
        parsed = Signature(vrs=(v, int.from_bytes(r, "big"), s))
        signed_by = parsed.recover_public_key_from_msg_hash(digest).to_checksum_address()
    except (BadSignature, ValueError):
        raise malformed from None
    if not same_address(signed_by, address):
        raise ValidationError("The signature is another key's.", code="SIGNATURE_WRONG_SIGNER")
