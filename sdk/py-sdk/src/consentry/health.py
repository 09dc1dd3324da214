"""Whether a service can do its work."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Health"]


@dataclass(frozen=True, slots=True)
class Health:
    """What a service says of itself."""

    service: str
    ready: bool
    checks: dict[str, str] = field(default_factory=dict)
    """What it depends on, and what is wrong with it; `ok` if nothing is."""
