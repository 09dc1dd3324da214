"""A policy document in plain words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .policy import Policy, Resource

__all__ = ["explain"]

_PURPOSE = {
    "BTG": "in an emergency",
    "HOPERAT": "to run the health service",
    "HPAYMT": "for payment",
    "HRESCH": "for research",
    "PATRQT": "because you asked for it",
    "TREAT": "to treat you",
}
_ACTION = {"read": "open single records", "search": "search for records"}
_KEPT_BACK = {
    "GDIS": "genetic diseases",
    "HIV": "HIV",
    "PSY": "mental health",
    "SEX": "sexual and reproductive health",
    "SUD": "alcohol and drugs",
}
_RESOURCE = {
    "AllergyIntolerance": "allergies",
    "Condition": "diagnoses",
    "DiagnosticReport": "reports of examinations",
    "DocumentReference": "documents",
    "Encounter": "visits",
    "Immunization": "vaccinations",
    "MedicationRequest": "prescribed medicines",
    "MedicationStatement": "medicines taken",
    "Observation": "measurements and test results",
    "Patient": "name, birth date and address",
    "Procedure": "operations and treatments",
}


def _all_of(words: Iterable[str], last: str = "and") -> str:
    items = list(words)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"


def _resource(row: Resource) -> str:
    name = _RESOURCE.get(row.type, row.type)
    if row.category is None:
        return name
    return f"{name} (only {_all_of(code.replace('-', ' ') for code in row.category)})"


def _day(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"


def _period(start: date | None, end: date | None) -> str:
    if start is None and end is None:
        return "It covers records of any date."
    if start is None:
        assert end is not None
        return f"It covers records up to and including {_day(end)}."
    if end is None:
        return f"It covers records from {_day(start)} on."
    return f"It covers records from {_day(start)} to {_day(end)}, both days included."


def explain(policy: Policy) -> list[str]:
    """One sentence for each thing that the document says: what, what not, why, how, and of which time."""
    kept = _all_of((_KEPT_BACK[code] for code in policy.exclude), "or") if policy.exclude else ""
    open_to = [words for code, words in _KEPT_BACK.items() if code not in policy.exclude]
    lines = [
        f"It shares {_all_of(_resource(row) for row in policy.resources)}.",
        f"It never shares anything about {kept}."
        if kept
        else "It keeps nothing back: records about sensitive matters are shared as well.",
        f"It may be used {_all_of((_PURPOSE[code] for code in policy.purpose), 'or')}, and for nothing else.",
        f"The other side may {_all_of(_ACTION[code] for code in policy.actions)}.",
        _period(policy.start, policy.end),
    ]
    if kept and open_to:
        lines.insert(2, f"It does share what is about {_all_of(open_to)}.")
    return lines
