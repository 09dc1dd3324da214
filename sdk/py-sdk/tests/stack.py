"""A running local stack, for tests that need one."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from consentry import Client, Deployment

ROOT = Path(__file__).resolve().parents[3]


def endpoints() -> Path:
    """The endpoints file of a running stack; without one the test is skipped, unless a stack is required."""
    path = Path(os.environ.get("CONSENTRY_ENDPOINTS") or ROOT / ".local" / "endpoints.json")
    if path.is_file():
        return path
    if os.environ.get("CONSENTRY_STACK"):
        pytest.fail(f"no stack runs: there is no {path}")
    pytest.skip("no stack runs (set CONSENTRY_ENDPOINTS)")


def rpc(here: Deployment, method: str, *params: Any) -> Any:
    """Asks the stack's chain."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
    told = httpx2.post(node_of(here), json=body, timeout=20).json()
    assert "error" not in told, told
    return told["result"]


def node_of(here: Deployment) -> str:
    """The address of the stack's node."""
    return str(here.extra["chain"]["rpc"])


def take_back(here: Deployment, block: int) -> None:
    """Replaces a block and all after it by empty ones: a reorganisation."""
    rpc(here, "anvil_reorg", int(rpc(here, "eth_blockNumber"), 16) - block + 1, [])
    # The node goes on from the time of the block before; whoever uses the stack afterwards counts on today's.
    rpc(here, "evm_setTime", int(time.time()))


def finalize(here: Deployment) -> None:
    """Makes all that is on the chain now final."""
    rpc(here, "anvil_mine", hex(70))


def address_of(here: Deployment, client: str) -> str:
    """An organisation's address."""
    return str(next(one["address"] for one in here.extra["clients"] if one["id"] == client))


def person_of(here: Deployment) -> dict[str, str]:
    """A seeded patient who shares nothing with clinic-a now."""
    for person in here.extra["patients"]:
        with Client.for_development(here, f"patient:{person['fhirId']}") as patient:
            rows = patient.consents.list(patient=person["subject"], grantee=address_of(here, "clinic-a"))
            if not any(row.status in ("ACTIVE", "REQUESTED", "CONFIRMING") for row in rows):
                return dict(person)
    pytest.fail("every patient of the stack shares something already")
