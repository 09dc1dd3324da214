"""Who is who on a local stack: its endpoints file holds keys of clinics, systems and patients, worthless elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .deployment import Deployment
from .errors import ValidationError

__all__ = ["Identity", "identity"]

SCOPES = {
    "provider": "provider:consent.request provider:records.read system/*.rs",
    "system": (
        "system:directory.read system:consent.read system:policy.write system:audit.read system:decision.evaluate"
    ),
    "admin": "admin:consent.read admin:audit.read admin:decision.evaluate admin:directory.read",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """A party of a local stack."""

    client_id: str
    jwk: Mapping[str, Any]
    scope: str
    private_key: str | None
    """Its key on the chain."""

    def __repr__(self) -> str:
        return f"Identity(client_id={self.client_id!r})"


def identity(deployment: Deployment, who: str) -> Identity:
    """`who` is a client's id (`clinic-a`, `ops-system`, …), or `patient` and `patient:<FHIR id>`.

    Seeded patients have keys and no accounts. So that they can look at their consents, their tokens are those of
    the stack's `ops-system`; what they sign is signed by their own key.
    """
    if who == "patient" or who.startswith("patient:"):
        wanted = who.partition(":")[2]
        for patient in deployment.extra.get("patients", []):
            if wanted in ("", patient["fhirId"]):
                system = identity(deployment, "ops-system")
                return Identity(system.client_id, system.jwk, system.scope, patient["privateKey"])
        raise ValidationError("The stack has no such patient with a key.", code="NOT_FOUND")
    for client in deployment.extra.get("clients", []):
        if client["id"] == who:
            return Identity(who, client["privateJwk"], SCOPES[client["persona"]], client.get("privateKey"))
    raise ValidationError(f"The stack has no client `{who}`.", code="NOT_FOUND")
