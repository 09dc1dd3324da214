"""Whether a service can do its work."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["ServiceHealth"]


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """What a service says of itself."""

    ready: bool
    checks: dict[str, str] = field(default_factory=dict)
    """What it depends on, and what is wrong with it; `ok` if nothing is."""
