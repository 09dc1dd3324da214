"""What a patient's key says to the directory (EIP-712): whom it stands for, who else may, that a stop is over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .errors import ValidationError
from .intents import Domain, exact, fields_of, hash_struct, text_hash

__all__ = ["STATEMENTS", "patient_ref_hash", "statement_digest"]

STATEMENTS: Final[Mapping[str, str]] = {
    "Bind": "string tenant,bytes32 patientRefHash,address subject,uint256 nonce,uint64 deadline",
    "Endorse": "string tenant,bytes32 patientRefHash,address subject,address newSubject,uint256 nonce,uint64 deadline",
    "LiftStop": "string tenant,bytes32 patientRefHash,address subject,bytes16 stop,uint64 deadline",
}


def patient_ref_hash(fhir_id: str) -> str:
    """keccak256 of `Patient/<FHIR id>`: how a statement names a patient."""
    return "0x" + text_hash("patient", f"Patient/{fhir_id}").hex()


def statement_digest(name: str, members: Mapping[str, Any], domain: Domain) -> bytes:
    """What is signed of a statement: `Bind`, `Endorse` or `LiftStop`."""
    if name not in STATEMENTS:
        raise ValidationError("There is no such statement.", code="INTENT_UNKNOWN_ACTION")
    fields = fields_of(STATEMENTS[name])
    exact(members, (member for _, member in fields), "statement")
    return domain.digest(hash_struct(f"{name}({STATEMENTS[name]})", fields, members))
