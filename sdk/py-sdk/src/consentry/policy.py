"""Policy documents, version 1: what a patient shares, and the hash that stands for it on the chain.

A document is JSON of a strict profile, so that every language reads the same from the same bytes. Its hash is the
keccak-256 of its canonical bytes (RFC 8785), and is the scope id of a consent.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import rfc8785

from .errors import ValidationError
from .ids import keccak256
from .strict_json import parse_strict

__all__ = ["ACTIONS", "MAX_BYTES", "PURPOSES", "SENSITIVITIES", "Policy", "Resource"]

MAX_BYTES = 16 * 1024
"""The longest document, in bytes."""

PURPOSES = ("BTG", "HOPERAT", "HPAYMT", "HRESCH", "PATRQT", "TREAT")
"""Purposes of use (HL7 v3 ActReason)."""

ACTIONS = ("read", "search")
"""What may be done with a resource."""

SENSITIVITIES = ("GDIS", "HIV", "PSY", "SEX", "SUD")
"""What a patient can keep back (HL7 v3 ActCode)."""

_MEMBERS = frozenset(("v", "salt", "purpose", "actions", "resources", "exclude", "period"))
_SALT = re.compile(r"0x[0-9a-f]{64}", re.ASCII)
_TYPE = re.compile(r"[A-Z][A-Za-z]{0,63}", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Resource:
    """A shared FHIR resource type, narrowed to categories if any are named."""

    type: str
    category: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """A valid document. Made by `Policy.parse` or `Policy.build` only, so its hash is always its own."""

    salt: str
    purpose: tuple[str, ...]
    actions: tuple[str, ...]
    resources: tuple[Resource, ...]
    exclude: tuple[str, ...]
    start: date | None
    """First clinical day shared; None = from the beginning."""
    end: date | None
    """Last clinical day shared, included; None = without end."""
    canonical: bytes
    """The bytes that are hashed."""
    hash: str
    """Their keccak-256: the scope id on the chain."""

    @classmethod
    def parse(cls, document: bytes | str) -> Policy:
        """Reads a document. It need not be canonical; it must follow the profile."""
        size = len(document if isinstance(document, bytes) else document.encode(errors="replace"))
        if size > MAX_BYTES:
            raise ValidationError(f"Longer than {MAX_BYTES} bytes.", code="POLICY_TOO_LONG")
        return cls._read(parse_strict(document))

    @classmethod
    def build(
        cls,
        *,
        resources: Iterable[Resource | str | tuple[str, Iterable[str]]],
        purpose: Iterable[str] | str = "TREAT",
        actions: Iterable[str] = ACTIONS,
        exclude: Iterable[str] = SENSITIVITIES,
        start: date | None = None,
        end: date | None = None,
        salt: str | None = None,
    ) -> Policy:
        """Makes a document. Arrays may be in any order; an item that stands twice is an error.

        Everything sensitive is excluded unless you say otherwise. The salt is random unless given: whoever can guess
        the document must not recognise its hash.
        """
        rows = [_resource(item) for item in resources]
        return cls._read(
            {
                "v": 1,
                "salt": "0x" + secrets.token_hex(32) if salt is None else salt,
                "purpose": sorted([purpose] if isinstance(purpose, str) else purpose),
                "actions": sorted(actions),
                "resources": sorted(rows, key=lambda row: str(row["type"])),
                "exclude": sorted(exclude),
                "period": {
                    "start": None if start is None else start.isoformat(),
                    "end": None if end is None else end.isoformat(),
                },
            }
        )

    @classmethod
    def _read(cls, value: Any) -> Policy:
        root = _object(value, "document", _MEMBERS)
        if type(root["v"]) is not int:
            raise _fault("POLICY_TYPE", "v", "must be the integer 1")
        if root["v"] != 1:
            raise _fault("POLICY_VERSION", "v", "must be 1")
        salt = root["salt"]
        if not isinstance(salt, str):
            raise _fault("POLICY_TYPE", "salt", "must be a string")
        if not _SALT.fullmatch(salt):
            raise _fault("POLICY_SALT", "salt", "must be 0x and 64 lowercase hexadecimal digits")
        purpose = _codes(root["purpose"], "purpose", PURPOSES, 1)
        actions = _codes(root["actions"], "actions", ACTIONS, 1)
        resources = _resources(root["resources"])
        exclude = _codes(root["exclude"], "exclude", SENSITIVITIES, 0)
        start, end = _period(root["period"])
        canonical = rfc8785.dumps(root)
        if len(canonical) > MAX_BYTES:
            raise ValidationError(f"Longer than {MAX_BYTES} bytes.", code="POLICY_TOO_LONG")
        digest = "0x" + keccak256(canonical).hex()
        return cls(salt, purpose, actions, resources, exclude, start, end, canonical=canonical, hash=digest)

    def covers(self, narrower: Policy) -> bool:
        """Whether all that the other policy shares is shared by this one too.

        They are compared as they are written; what cannot be told from that is not covered.
        """
        shared = {row.type: row.category for row in self.resources}

        def has(row: Resource) -> bool:
            if row.type not in shared:
                return False
            wide = shared[row.type]
            return wide is None or (row.category is not None and set(row.category) <= set(wide))

        return (
            set(narrower.purpose) <= set(self.purpose)
            and set(narrower.actions) <= set(self.actions)
            and set(self.exclude) <= set(narrower.exclude)
            and all(has(row) for row in narrower.resources)
            and (self.start is None or (narrower.start is not None and narrower.start >= self.start))
            and (self.end is None or (narrower.end is not None and narrower.end <= self.end))
        )

    def explain(self) -> list[str]:
        """What the document says in plain words, one sentence each: who reads them need not know FHIR."""
        from .policy_words import explain

        return explain(self)


def _fault(code: str, member: str, reason: str) -> ValidationError:
    return ValidationError(f"{member}: {reason}.", code=code)


def _object(value: Any, member: str, keys: frozenset[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _fault("POLICY_TYPE", member, "must be an object")
    if set(value) != keys:
        raise _fault("POLICY_KEYS", member, "a key is unknown or missing")
    return value


def _utf16(text: str) -> bytes:
    """Sorts as RFC 8785 sorts keys: by UTF-16 code units."""
    return text.encode("utf-16-be", "surrogatepass")


def _strings(value: Any, member: str, at_least: int) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _fault("POLICY_TYPE", member, "must be an array")
    if not all(isinstance(item, str) for item in value):
        raise _fault("POLICY_TYPE", member, "must hold strings only")
    if len(value) < at_least:
        raise _fault("POLICY_EMPTY", member, "must not be empty")
    if any(_utf16(a) >= _utf16(b) for a, b in pairwise(value)):
        raise ValidationError(f"{member}: must be sorted and hold nothing twice.", code="POLICY_UNSORTED")
    if not all(unicodedata.is_normalized("NFC", item) for item in value):
        raise ValidationError(f"{member}: must be in Unicode normal form C.", code="POLICY_NORMAL_FORM")
    return tuple(value)


def _codes(value: Any, member: str, known: tuple[str, ...], at_least: int) -> tuple[str, ...]:
    items = _strings(value, member, at_least)
    if not set(items) <= set(known):
        raise _fault("POLICY_CODE", member, "holds a code that version 1 does not have")
    return items


def _resource(item: Resource | str | tuple[str, Iterable[str]]) -> Mapping[str, Any]:
    if isinstance(item, str):
        return {"type": item}
    if isinstance(item, Resource):
        kind, category = item.type, item.category
    else:
        kind, category = item[0], tuple(item[1])
    return {"type": kind} if category is None else {"type": kind, "category": sorted(category, key=_utf16)}


def _resources(value: Any) -> tuple[Resource, ...]:
    if not isinstance(value, list):
        raise _fault("POLICY_TYPE", "resources", "must be an array")
    if not value:
        raise _fault("POLICY_EMPTY", "resources", "must not be empty")
    rows = tuple(_row(item) for item in value)
    if any(a.type >= b.type for a, b in pairwise(rows)):
        raise ValidationError("resources: must be sorted by type, each type once.", code="POLICY_UNSORTED")
    return rows


def _row(value: Any) -> Resource:
    if not isinstance(value, dict):
        raise _fault("POLICY_TYPE", "resources[]", "must be an object")
    if not {"type"} <= set(value) <= {"type", "category"}:
        raise _fault("POLICY_KEYS", "resources[]", "a key is unknown or missing")
    kind = value["type"]
    if not isinstance(kind, str):
        raise _fault("POLICY_TYPE", "resources[].type", "must be a string")
    if not _TYPE.fullmatch(kind):
        raise _fault("POLICY_CODE", "resources[].type", "must be the name of a FHIR resource type")
    if "category" not in value:
        return Resource(kind)
    category = _strings(value["category"], "resources[].category", 1)
    if not all(_is_code(item) for item in category):
        raise _fault("POLICY_CODE", "resources[].category", "must hold FHIR codes")
    return Resource(kind, category)


def _is_code(text: str) -> bool:
    """A FHIR code: not empty, no control characters, no space at either end and none twice in a row."""
    return (
        0 < len(text.encode(errors="surrogatepass")) <= 128
        and not any(unicodedata.category(c) in ("Cc", "Cs") or (c.isspace() and c != " ") for c in text)
        and text == text.strip(" ")
        and "  " not in text
    )


def _period(value: Any) -> tuple[date | None, date | None]:
    item = _object(value, "period", frozenset(("start", "end")))
    start, end = _day(item["start"], "period.start"), _day(item["end"], "period.end")
    if start is not None and end is not None and start > end:
        raise _fault("POLICY_PERIOD", "period", "must not end before it starts")
    return start, end


def _day(value: Any, member: str) -> date | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise _fault("POLICY_TYPE", member, "must be a day or null")
    if _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise _fault("POLICY_PERIOD", member, "must be a calendar day YYYY-MM-DD")
