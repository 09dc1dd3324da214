"""Decisions that are signed (EIP-712) and handed to the relay, in the relay's own form.

An intent is one of the registry's structs; its digest holds for one deployment only. A stop (deny, revoke, revoke all)
always names through which version it reaches, so that no grant signed before can come after it (ADR 0013).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from eth_abi.abi import encode

from .errors import ValidationError
from .ids import address_bytes, checksum, hash_bytes, keccak256

__all__ = [
    "ACTIONS",
    "NO_DEADLINE",
    "UNTIL_REVOKED",
    "Domain",
    "Intent",
    "SignedIntent",
    "batch",
    "deny_op",
    "grant_op",
    "revoke_op",
]

UNTIL_REVOKED: Final = 2**40 - 1
"""As `validTo`: the consent has no end of its own."""

NO_DEADLINE: Final = 2**40 - 1
"""As the deadline of a stop: the signature works for ever. No other signature may live longer than 90 days."""

NOBODY: Final = "0x" + "00" * 20
"""As the recoverer: nobody may recover."""

RIGHTS: Final[Mapping[str, int]] = {"REVOKE": 1, "DENY": 2, "GRANT": 4}
"""What a delegate may do."""

MAX_OPS: Final = 256
MAX_SIGNER: Final = 1024
MAX_SIGNATURE: Final = 8192

_ABOUT = "address actor,address subject,"
_CONSENT = "address grantee,bytes32 scopeId,"

# The structs of contracts/src/consent/Intents.sol; a test holds them against the exported deployment.
ACTIONS: Final[Mapping[str, str]] = {
    "Request": f"{_ABOUT}{_CONSENT}uint40 validFrom,uint40 validTo,uint40 respondBy,uint32 version,uint40 deadline",
    "Grant": f"{_ABOUT}{_CONSENT}uint24 seq,uint40 validFrom,uint40 validTo,uint32 version,uint40 deadline",
    "Deny": f"{_ABOUT}{_CONSENT}uint32 throughVersion,uint40 deadline",
    "Revoke": f"{_ABOUT}{_CONSENT}uint32 throughVersion,uint40 deadline",
    "Relinquish": f"{_ABOUT}{_CONSENT}uint32 version,uint40 deadline",
    "Batch": f"{_ABOUT}uint8 mode,uint24 seq,Op[] ops,uint40 deadline",
    "RevokeAll": f"{_ABOUT}uint24 throughEpoch,uint24 throughSeq,bool dropDelegates,uint40 deadline",
    "Invalidate": f"{_ABOUT}uint24 throughSeq,uint40 deadline",
    "Rotate": f"{_ABOUT}address newController,uint24 seq,uint40 deadline",
    "AcceptControl": f"{_ABOUT}uint24 seq,uint40 deadline",
    "SetDelegate": (
        f"{_ABOUT}address delegate,uint8 rights,uint40 validFrom,uint40 validTo,uint32 nonce,uint24 seq,uint40 deadline"
    ),
    "RemoveDelegate": f"{_ABOUT}address delegate,uint32 throughNonce,uint40 deadline",
    "SetRecovery": f"{_ABOUT}address recoverer,uint32 delay,uint32 nonce,uint24 seq,uint40 deadline",
    "ProposeRecovery": f"{_ABOUT}address newController,uint32 proposalId,uint40 deadline",
    "Veto": f"{_ABOUT}uint32 proposalId,uint40 deadline",
    "Freeze": f"{_ABOUT}uint24 seq,uint40 deadline",
    "Unfreeze": f"{_ABOUT}uint24 seq,uint40 deadline",
}

_OP: Final = "uint8 kind,address grantee,bytes32 scopeId,uint40 validFrom,uint40 validTo,uint32 version"
_RECOVER: Final = f"{_ABOUT}uint32 proposalId,uint24 seq,uint40 deadline"
_DOMAIN: Final = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
_BYTES16: Final = re.compile(r"0x[0-9a-fA-F]{32}", re.ASCII)
_HEX: Final = re.compile(r"0x([0-9a-fA-F]{2})*", re.ASCII)

GRANT, DENY, REVOKE = 0, 1, 2


def fields_of(encoded: str) -> list[tuple[str, str]]:
    pairs = (field.split(" ") for field in encoded.split(","))
    return [(kind, name) for kind, name in pairs]


def _names(encoded: str) -> list[str]:
    return [name for _, name in fields_of(encoded)]


def encode_type(name: str) -> str:
    """`encodeType` of EIP-712."""
    return f"{name}({ACTIONS[name]})" + (f"Op({_OP})" if name == "Batch" else "")


def _word(kind: str, name: str, value: Any) -> Any:
    """One member as the encoder takes it, or an error that says what it must be."""
    if kind == "address":
        return address_bytes(value, name, "INTENT_FORM")
    if kind == "bytes32":
        return hash_bytes(value, name, "INTENT_FORM")
    if kind == "string":
        return text_hash(name, value)
    if kind == "bytes16":
        if not isinstance(value, str) or not _BYTES16.fullmatch(value):
            raise ValidationError(f"`{name}` must be 0x and 32 hex digits.", code="INTENT_FORM")
        return bytes.fromhex(value[2:])
    if kind == "bool":
        if not isinstance(value, bool):
            raise ValidationError(f"`{name}` must be true or false.", code="INTENT_FORM")
        return value
    limit = 2 ** int(kind.removeprefix("uint"))
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < limit:
        raise ValidationError(f"`{name}` must be an integer from 0 to {limit - 1}.", code="INTENT_FORM")
    return value


def text_hash(name: str, value: Any) -> bytes:
    """What stands for a string in a struct."""
    try:
        return keccak256(value.encode())
    except (AttributeError, UnicodeEncodeError):
        # A lone surrogate has no form in UTF-8; others would replace it, and sign something else.
        raise ValidationError(f"`{name}` must be a string of whole characters.", code="INTENT_FORM") from None


def exact(value: Any, names: Iterable[str], parent: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValidationError(f"`{parent}` must be an object.", code="INTENT_FORM")
    known = set(names)
    if missing := known - set(value):
        raise ValidationError(f"`{min(missing)}` is missing in `{parent}`.", code="INTENT_MISSING")
    if set(value) - known:
        raise ValidationError(
            f"`{parent}` has a member that is unknown for this action.",
            code="INTENT_UNKNOWN_MEMBER",
        )
    return value


def hash_struct(type_string: str, fields: list[tuple[str, str]], values: Mapping[str, Any]) -> bytes:
    kinds, words = ["bytes32"], [keccak256(type_string.encode())]
    for kind, name in fields:
        if kind == "Op[]":
            kinds.append("bytes32")
            words.append(_ops_hash(values[name]))
        else:
            kinds.append("bytes32" if kind == "string" else kind)
            words.append(_word(kind, name, values[name]))
    return keccak256(encode(kinds, words))


def _ops_hash(ops: Any) -> bytes:
    if not isinstance(ops, list | tuple) or not 1 <= len(ops) <= MAX_OPS:
        raise ValidationError(f"`ops` must be an array of 1 to {MAX_OPS} items.", code="INTENT_FORM")
    fields = fields_of(_OP)
    hashes = []
    for op in ops:
        if exact(op, _names(_OP), "ops")["kind"] not in (GRANT, DENY, REVOKE):
            raise ValidationError("`kind` must be 0 (grant), 1 (deny) or 2 (revoke).", code="INTENT_FORM")
        hashes.append(hash_struct(f"Op({_OP})", fields, op))
    return keccak256(b"".join(hashes))


@dataclass(frozen=True, slots=True)
class Domain:
    """The registry that a signature is for. Anywhere else it is worth nothing."""

    chain_id: int
    registry: str

    def separator(self) -> bytes:
        """The domain separator of EIP-712."""
        values = [
            keccak256(_DOMAIN.encode()),
            keccak256(b"Consentry"),
            keccak256(b"1"),
            self.chain_id,
            address_bytes(self.registry, "registry"),
        ]
        return keccak256(encode(["bytes32", "bytes32", "bytes32", "uint256", "address"], values))

    def digest(self, struct_hash: bytes) -> bytes:
        """What is signed of a struct."""
        return keccak256(b"\x19\x01" + self.separator() + struct_hash)


@dataclass(frozen=True, slots=True)
class Intent:
    """A decision that is not signed yet: the name of its struct and exactly that struct's members."""

    action: str
    members: Mapping[str, Any]

    def __post_init__(self) -> None:
        if self.action != "Recover" and self.action not in ACTIONS:
            raise ValidationError(
                "`action` is none of the registry's; it is spelled like the signed struct, for example Revoke.",
                code="INTENT_UNKNOWN_ACTION",
            )
        exact(self.members, (name for _, name in self._fields()), "intent")
        self.struct_hash()

    def _fields(self) -> list[tuple[str, str]]:
        return fields_of(_RECOVER if self.action == "Recover" else ACTIONS[self.action])

    def struct_hash(self) -> bytes:
        """`hashStruct` of EIP-712. That of a recovery is what its new controller agrees to."""
        if self.action == "Batch" and self.members["mode"] not in (0, 1):
            raise ValidationError(
                "`mode` must be 0 (all or nothing) or 1 (skip what is stale).",
                code="INTENT_FORM",
            )
        if self.action != "Recover":
            return hash_struct(encode_type(self.action), self._fields(), self.members)
        _word("uint32", "proposalId", self.members["proposalId"])
        agreed = fields_of(ACTIONS["AcceptControl"])
        return hash_struct(encode_type("AcceptControl"), agreed, self.members)

    def digest(self, domain: Domain) -> bytes:
        """What is signed. It also names the intent at the relay."""
        return domain.digest(self.struct_hash())

    @property
    def actor(self) -> str:
        """Who decides and signs."""
        return str(self.members["actor"])

    @property
    def subject(self) -> str:
        """The patient's address that it is about."""
        return str(self.members["subject"])

    @property
    def is_stop(self) -> bool:
        """Whether this takes access away and nothing else."""
        if self.action == "Batch":
            return all(op["kind"] != GRANT for op in self.members["ops"])
        return self.action in ("Deny", "Revoke", "RevokeAll")

    def to_json(self) -> dict[str, Any]:
        """The member `intent` of the relay's form."""
        return {name: _json(kind, self.members[name]) for kind, name in self._fields()}

    def abi(self) -> tuple[Any, ...]:
        """Its members as the registry's ABI has them."""
        return _abi(self._fields(), self.members)

    def signed(
        self, signature: bytes, signer: bytes = b"", acceptance: tuple[int, SignedIntent] | None = None
    ) -> SignedIntent:
        """With a signature; `signer` is empty for an address, else an ERC-7913 signer (verifier, then key)."""
        return SignedIntent(self, signature, signer, acceptance)

    def sign(self, domain: Domain, sign_digest: Callable[[bytes], bytes]) -> SignedIntent:
        """Signs by whatever signs 32 bytes."""
        return self.signed(sign_digest(self.digest(domain)))


def _abi(fields: list[tuple[str, str]], values: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(
        [_abi(fields_of(_OP), op) for op in values[name]] if kind == "Op[]" else _word(kind, name, values[name])
        for kind, name in fields
    )


def _json(kind: str, value: Any) -> Any:
    if kind == "address":
        return checksum(value)
    if kind == "bytes32":
        return str(value).lower()
    if kind == "Op[]":
        return [{name: _json(k, op[name]) for k, name in fields_of(_OP)} for op in value]
    return value


@dataclass(frozen=True, slots=True)
class SignedIntent:
    """A decision with its actor's signature, ready for anyone to hand in."""

    intent: Intent
    signature: bytes
    signer: bytes = b""
    acceptance: tuple[int, SignedIntent] | None = None
    """Of a rotation: until when the new controller agrees, and its `AcceptControl`."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.signature) <= MAX_SIGNATURE:
            raise ValidationError("`signature` must be 1 to 8192 bytes long.", code="INTENT_FORM")
        if len(self.signer) > MAX_SIGNER:
            raise ValidationError("`signer` must be at most 1024 bytes long.", code="INTENT_FORM")
        if (self.intent.action == "Rotate") != (self.acceptance is not None):
            raise ValidationError(
                "`acceptance` belongs to a rotation, and a rotation needs it.",
                code="INTENT_MISSING" if self.acceptance is None else "INTENT_UNKNOWN_MEMBER",
            )

    def to_json(self) -> dict[str, Any]:
        """The body that the relay takes."""
        body: dict[str, Any] = {
            "action": self.intent.action,
            "intent": self.intent.to_json(),
            "proof": self._proof(),
        }
        if self.acceptance is not None:
            deadline, agreed = self.acceptance
            body["acceptance"] = {"deadline": deadline, "proof": agreed._proof()}
        return body

    def _proof(self) -> dict[str, str]:
        return {"signer": "0x" + self.signer.hex(), "signature": "0x" + self.signature.hex()}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> SignedIntent:
        """Reads the relay's form, strictly."""
        if not isinstance(body, Mapping):
            raise ValidationError("The body must be an object.", code="INTENT_FORM")
        known = ["action", "intent", "proof"]
        if body.get("action") == "Rotate":
            known.append("acceptance")
        exact(body, known, "the body")
        if not isinstance(body["action"], str):
            raise ValidationError("`action` must be a string.", code="INTENT_FORM")
        if body["action"] == "AcceptControl":
            raise ValidationError("`action` is none that the relay takes.", code="INTENT_UNKNOWN_ACTION")
        intent = Intent(body["action"], body["intent"])
        signer, signature = _read_proof(body["proof"])
        accepted = None
        if "acceptance" in body:
            agreed = exact(body["acceptance"], ("deadline", "proof"), "acceptance")
            deadline = _word("uint40", "deadline", agreed["deadline"])
            by, mark = _read_proof(agreed["proof"])
            accepted = (deadline, accept_control(intent, deadline).signed(mark, by))
        return cls(intent, signature, signer, accepted)


def _read_proof(value: Any) -> tuple[bytes, bytes]:
    proof = exact(value, ("signer", "signature"), "proof")
    for name in ("signer", "signature"):
        if not isinstance(proof[name], str) or not _HEX.fullmatch(proof[name]):
            raise ValidationError(f"`{name}` must be 0x and an even number of hex digits.", code="INTENT_FORM")
    return bytes.fromhex(proof["signer"][2:]), bytes.fromhex(proof["signature"][2:])


def accept_control(rotation: Intent, deadline: int) -> Intent:
    """What the new controller of a rotation signs."""
    return Intent(
        "AcceptControl",
        {
            "actor": rotation.members["newController"],
            "subject": rotation.subject,
            "seq": rotation.members["seq"],
            "deadline": deadline,
        },
    )


def grant_op(grantee: str, scope_id: str, *, valid_from: int, valid_to: int, version: int) -> dict[str, Any]:
    """An item of a batch that grants."""
    return _op(GRANT, grantee, scope_id, valid_from, valid_to, version)


def deny_op(grantee: str, scope_id: str, *, through_version: int) -> dict[str, Any]:
    """An item of a batch that refuses a request."""
    return _op(DENY, grantee, scope_id, 0, 0, through_version)


def revoke_op(grantee: str, scope_id: str, *, through_version: int) -> dict[str, Any]:
    """An item of a batch that takes a consent back."""
    return _op(REVOKE, grantee, scope_id, 0, 0, through_version)


def _op(kind: int, grantee: str, scope_id: str, valid_from: int, valid_to: int, version: int) -> dict[str, Any]:
    return {
        "kind": kind,
        "grantee": grantee,
        "scopeId": scope_id,
        "validFrom": valid_from,
        "validTo": valid_to,
        "version": version,
    }


def batch(
    *,
    actor: str,
    subject: str,
    seq: int,
    ops: Iterable[Mapping[str, Any]],
    deadline: int,
    skip_stale: bool = False,
) -> Intent:
    """Several decisions about one subject under one signature, in the order that the registry asks for."""
    items = sorted(
        (dict(op) for op in ops),
        key=lambda op: (address_bytes(op["grantee"]), hash_bytes(op["scopeId"])),
    )
    keys = [(op["grantee"].lower(), op["scopeId"].lower()) for op in items]
    if len(set(keys)) != len(keys):
        raise ValidationError("A consent occurs twice in the batch; decide about it once.", code="INTENT_FORM")
    return Intent(
        "Batch",
        {
            "actor": actor,
            "subject": subject,
            "mode": int(skip_stale),
            "seq": seq,
            "ops": items,
            "deadline": deadline,
        },
    )
