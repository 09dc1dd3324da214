"""Records in a table: what they are, and of when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["summary"]

_TIMES = (
    "effectiveDateTime", "issued", "onsetDateTime", "recordedDate", "performedDateTime", "authoredOn",
    "occurrenceDateTime", "date", "birthDate",
)  # fmt: skip
_WORDS = ("code", "medicationCodeableConcept", "vaccineCode", "type")


def summary(record: Mapping[str, Any]) -> dict[str, str | None]:
    """One line about a FHIR resource. A record that is put otherwise has fewer words, and is not hidden."""
    time = next((str(record[name]) for name in _TIMES if isinstance(record.get(name), str)), None)
    if time is None and isinstance(record.get("period"), dict):
        time = record["period"].get("start")
    words = next((text for name in _WORDS if (text := _words(record.get(name)))), None)
    return {"type": record.get("resourceType"), "id": record.get("id"), "when": time, "what": words}


def _words(concept: Any) -> str | None:
    """The text of a CodeableConcept, or of its first coding."""
    if isinstance(concept, list):
        concept = concept[0] if concept else None
    if not isinstance(concept, dict):
        return None
    codings = concept.get("coding")
    first = codings[0] if isinstance(codings, list) and codings and isinstance(codings[0], dict) else {}
    return concept.get("text") or first.get("display") or first.get("code")
