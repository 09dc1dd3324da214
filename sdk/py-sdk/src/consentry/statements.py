"""What a key says to the directory (EIP-712): whom it stands for, who else may, that a stop is over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .errors import ValidationError
from .intents import Domain, exact, fields_of, hash_struct, text_hash
from .signers import Signer

__all__ = ["STATEMENTS", "STATEMENT_LIFE", "patient_ref_hash", "stated", "statement_digest"]

STATEMENT_LIFE: Final = 600
"""How long a statement can be handed in, in seconds."""

STATEMENTS: Final[Mapping[str, str]] = {
    "Bind": "string tenant,bytes32 patientRefHash,address subject,uint256 nonce,uint64 deadline",
    "Endorse": "string tenant,bytes32 patientRefHash,address subject,address newSubject,uint256 nonce,uint64 deadline",
    "LiftStop": "string tenant,bytes32 patientRefHash,address subject,bytes16 stop,uint64 deadline",
    "BindGrantee": (
        "string tenant,string organization,string practitioner,address grantee,uint256 nonce,uint64 deadline"
    ),
}


def patient_ref_hash(fhir_id: str) -> str:
    """keccak256 of `Patient/<FHIR id>`: how a statement names a patient."""
    return "0x" + text_hash("patient", f"Patient/{fhir_id}").hex()


def statement_digest(name: str, members: Mapping[str, Any], domain: Domain) -> bytes:
    """What is signed of a statement; `name` is one of `STATEMENTS`."""
    if name not in STATEMENTS:
        raise ValidationError("There is no such statement.", code="INTENT_UNKNOWN_ACTION")
    fields = fields_of(STATEMENTS[name])
    exact(members, (member for _, member in fields), "statement")
    return domain.digest(hash_struct(f"{name}({STATEMENTS[name]})", fields, members))


def stated(by: Signer, domain: Domain, name: str, members: Mapping[str, Any]) -> dict[str, Any]:
    """What the directory takes of a statement beside whom it is about."""
    signature = by.sign_digest(statement_digest(name, members, domain))
    return {"deadline": members["deadline"], "signature": "0x" + signature.hex()}
