"""A running local stack, for tests that need one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def endpoints() -> Path:
    """The endpoints file of a running stack; without one the test is skipped, unless a stack is required."""
    path = Path(os.environ.get("CONSENTRY_ENDPOINTS") or ROOT / ".local" / "endpoints.json")
    if path.is_file():
        return path
    if os.environ.get("CONSENTRY_STACK"):
        pytest.fail(f"no stack runs: there is no {path}")
    pytest.skip("no stack runs (set CONSENTRY_ENDPOINTS)")
