"""How far a decision has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["IntentStatus", "State", "WaitStatus"]

State = Literal["accepted", "submitted", "included", "final", "failed"]
"""`accepted`: kept durably; `submitted`: sent; `included`: in a block; `final`: and in a final one."""


@dataclass(frozen=True, slots=True)
class IntentStatus:
    """A decision on its way, as whoever brings it onto the chain sees it."""

    state: State
    reason: str | None = None
    """The registry's error by its name: why it failed, or why it needed no transaction."""
    transaction: str | None = None
    """The latest transaction with it."""
    block_number: int | None = None
    """The block in which it has had its effect."""

    @property
    def is_in(self) -> bool:
        """Whether a block has it."""
        return self.state in ("included", "final")


@dataclass(frozen=True, slots=True)
class WaitStatus:
    """What is told while waiting."""

    intent: State
    consent: str | None = None
    """The consent's status, once the indexer has it."""
    finality: str | None = None
    """How final the block of the consent's last change is."""
    reorganised: bool = False
    """Whether a block that had it is no longer part of the chain. It is sent again, and the wait goes on."""

    def __str__(self) -> str:
        known: list[str] = [self.intent]
        if self.reorganised:
            known.append("its block was taken back")
        if self.consent:
            known.append(f"the consent is {self.consent}" + (f" in a {self.finality} block" if self.finality else ""))
        return ", ".join(known)
