# Made from consentry/_async by tools/generate.py. Do not edit.
"""The highest numbers that were ever signed."""

from __future__ import annotations

from typing import Protocol

__all__ = ["InProcessMemory", "SigningMemory"]


class SigningMemory(Protocol):
    """Keeps the highest counters that were ever signed with a key, for all who sign with it.

    A reorganisation can take versions back, so that a stop must name at least the highest version that any signed grant
    names; else a grant held back could follow it (ADR 0013). With a memory that outlives the process, openings need not
    wait for finality.
    """

    def get(self, name: str) -> int | None:
        """The highest number kept under a name."""
        ...

    def keep(self, name: str, value: int) -> None:
        """Keeps a number, durably before this returns; one that is lower than what is kept changes nothing."""
        ...


class InProcessMemory:
    """A memory that ends with the process."""

    def __init__(self) -> None:
        self._highest: dict[str, int] = {}

    def get(self, name: str) -> int | None:
        """The highest number kept under a name."""
        return self._highest.get(name)

    def keep(self, name: str, value: int) -> None:
        """Keeps a number."""
        self._highest[name] = max(value, self._highest.get(name, 0))
