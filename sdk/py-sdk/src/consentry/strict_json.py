"""A strict reader of JSON: what two parsers may understand differently is refused.

Python keeps the last of two equal keys, takes `NaN`, lone surrogates and integers of any size; others do not.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from .errors import ValidationError

__all__ = ["MAX_SAFE_INTEGER", "parse_strict"]

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that every language reads exactly (RFC 7493)."""

MAX_DEPTH = 127


def _refuse(code: str, message: str) -> NoReturn:
    raise ValidationError(message, code=code) from None


_REFUSED = {
    "POLICY_DUPLICATE_KEY": "An object has the same key twice.",
    "POLICY_CASE_VARIANT_KEY": "An object has keys that differ in case only.",
    "POLICY_NUMBER": "Numbers are integers of at most 2^53-1; others would be rounded by other languages.",
}
"""What is refused although it is JSON. Of several, the first in this order is told, and after whatever is no JSON."""


class _Hooks:
    """What the parser calls, with what it has met so far that is refused."""

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.shadowed: list[Any] = []
        """Values that a later one of the same key replaced: they have to be JSON, too."""

    def pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        folded: set[str] = set()
        for key, value in pairs:
            # ASCII only, as everywhere: other letters have no case that all languages agree on.
            lower = "".join(c.lower() if c.isascii() else c for c in key)
            if key in result:
                self.shadowed.append(result[key])
                self.refused.add("POLICY_DUPLICATE_KEY")
            elif lower in folded:
                self.refused.add("POLICY_CASE_VARIANT_KEY")
            folded.add(lower)
            result[key] = value
        return result

    def integer(self, text: str) -> int:
        # -0 has no canonical form of its own.
        if text == "-0" or len(text) > 17 or abs(int(text)) > MAX_SAFE_INTEGER:
            return self.no_integer()
        return int(text)

    def no_integer(self, _: str = "") -> int:
        self.refused.add("POLICY_NUMBER")
        return 0


def _not_json(_: str = "") -> NoReturn:
    _refuse("POLICY_JSON", "This is not a JSON document.")


def _depth(text: str) -> int:
    """How deeply arrays and objects are nested, strings aside."""
    deepest = depth = 0
    quoted = escaped = False
    for char in text:
        if quoted:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                quoted = False
        elif char == '"':
            quoted = True
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest


def _has_surrogate(value: Any) -> bool:
    if isinstance(value, str):
        return any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, list):
        return any(_has_surrogate(item) for item in value)
    if isinstance(value, dict):
        return any(_has_surrogate(item) for pair in value.items() for item in pair)
    return False


def parse_strict(document: bytes | str) -> Any:
    """Reads one JSON document.

    Refused are duplicate keys, keys that differ in case only, all numbers but integers up to 2^53-1, lone surrogates,
    a byte order mark, and whatever else is no JSON.
    """
    hooks = _Hooks()
    try:
        text = document.decode("utf-8") if isinstance(document, bytes) else document
        if _depth(text) > MAX_DEPTH:
            _not_json()
        value = json.loads(
            text,
            object_pairs_hook=hooks.pairs,
            parse_int=hooks.integer,
            parse_float=hooks.no_integer,
            parse_constant=_not_json,
        )
    except ValidationError:
        raise
    except (ValueError, RecursionError):
        _not_json()
    if _has_surrogate([value, hooks.shadowed]):
        _not_json()
    for code, message in _REFUSED.items():
        if code in hooks.refused:
            _refuse(code, message)
    return value
