"""What the gateway decided. A denial is an answer, not an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Decision", "Denied", "Permitted", "Reason", "reason_of"]

Reason = Literal["NO_CONSENT", "PENDING", "EXPIRED", "REVOKED", "OUT_OF_SCOPE", "PURPOSE"]

_REASONS: dict[str, Reason] = {
    "no-consent": "NO_CONSENT",
    "consent-denied": "NO_CONSENT",
    "consent-requested": "PENDING",
    "consent-scheduled": "PENDING",
    "consent-confirming": "PENDING",
    "consent-expired": "EXPIRED",
    "consent-revoked": "REVOKED",
    "stopped": "REVOKED",
    "patient-stop": "REVOKED",
    "policy-unknown": "OUT_OF_SCOPE",
    "policy-action": "OUT_OF_SCOPE",
    "policy-type": "OUT_OF_SCOPE",
    "policy-category": "OUT_OF_SCOPE",
    "absent": "OUT_OF_SCOPE",
    "withheld": "OUT_OF_SCOPE",
    "foreign-resource": "OUT_OF_SCOPE",
    "unreadable-answer": "OUT_OF_SCOPE",
    "policy-purpose": "PURPOSE",
}

_WORDS: dict[Reason, str] = {
    "NO_CONSENT": "There is no consent of the patient for this organisation.",
    "PENDING": "The consent does not count yet: it is asked for, being confirmed, or has not begun.",
    "EXPIRED": "The consent is past its time. Ask the patient again.",
    "REVOKED": "The patient ended the consent.",
    "OUT_OF_SCOPE": "The patient's consent does not cover this.",
    "PURPOSE": "The patient's consent is for another purpose of use.",
}


def reason_of(rule: str) -> Reason:
    """The reason for a rule's code. An unknown rule is a denial like that without any consent."""
    return _REASONS.get(rule, "NO_CONSENT")


@dataclass(frozen=True, slots=True)
class Permitted:
    """The patient's consent allows it."""

    decision_id: str
    """The decision's record, for whoever asks later."""
    resource: dict[str, Any] | None = None
    """What was released: a Bundle of a search, or one resource. None if only the decision was asked for."""
    request_id: str | None = None
    permitted: Literal[True] = True

    @property
    def resources(self) -> list[dict[str, Any]]:
        """The patient's records, without the remarks that come with every Bundle."""
        body = self.resource
        if body is None:
            return []
        if body.get("resourceType") != "Bundle":
            return [body]
        entries = body.get("entry", [])
        return [entry["resource"] for entry in entries if entry.get("search", {}).get("mode") != "outcome"]


@dataclass(frozen=True, slots=True)
class Denied:
    """It is not allowed, and nothing was released."""

    reason: Reason
    rule: str
    """The gateway's own name of the rule, finer than `reason`."""
    decision_id: str
    text: str = ""
    """The gateway's own words."""
    request_id: str | None = None
    permitted: Literal[False] = False

    def explain(self) -> str:
        """One plain sentence."""
        return _WORDS[self.reason]


Decision = Permitted | Denied
