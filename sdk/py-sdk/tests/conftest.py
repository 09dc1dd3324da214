"""What tests share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).resolve().parents[2] / "vectors"


def vectors(name: str) -> Any:
    """A file of sdk/vectors."""
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
