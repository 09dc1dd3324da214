"""Where a deployment is: its chain, its registry and its services."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .errors import ValidationError
from .ids import address_bytes, checksum
from .intents import Domain

__all__ = ["RANK", "Deployment", "Finality"]

Finality = Literal["latest", "safe", "finalized"]
RANK = ("latest", "safe", "finalized")
"""From the least final to the most."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment. Everything signed is signed for this chain and this registry only."""

    chain_id: int
    registry: str
    auth: str
    indexer: str
    gateway: str
    relay: str
    audit: str
    finality: Finality = "finalized"
    """How final a block must be for a grant to count there."""
    extra: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What else the file says, for development: clients, patients, keys."""

    def __post_init__(self) -> None:
        address_bytes(self.registry, "registry")
        if self.finality not in RANK:
            raise ValidationError("`finality` must be latest, safe or finalized.", code="INVALID_REQUEST")
        for name in ("auth", "indexer", "gateway", "relay", "audit"):
            url = getattr(self, name)
            if not isinstance(url, str) or not url.startswith(("https://", "http://")):
                raise ValidationError(f"`{name}` must be a URL.", code="INVALID_REQUEST")

    @property
    def domain(self) -> Domain:
        """The EIP-712 domain of its registry."""
        return Domain(self.chain_id, checksum(self.registry))

    def is_final(self, finality: str) -> bool:
        """Whether a block that is so final counts here."""
        return finality in RANK and RANK.index(finality) >= RANK.index(self.finality)

    @classmethod
    def read(cls, path: str | Path) -> Deployment:
        """Reads the `endpoints.json` that a local stack writes, or a file of the same form."""
        try:
            value = json.loads(Path(path).read_text(encoding="utf-8"))
            return cls(
                chain_id=value["chain"]["id"],
                registry=value["chain"]["registry"],
                finality=value["chain"].get("finality", "latest"),
                extra=value,
                **{name: value[name].rstrip("/") for name in ("auth", "indexer", "gateway", "relay", "audit")},
            )
        except FileNotFoundError:
            raise ValidationError(
                "There is no such endpoints file. Start a local stack with `scripts/demo --keep`, or name another.",
                code="INVALID_REQUEST",
            ) from None
        except (KeyError, TypeError, AttributeError, ValueError) as fault:
            raise ValidationError(
                f"The endpoints file has another form than a stack's ({type(fault).__name__}).",
                code="INVALID_REQUEST",
            ) from None
