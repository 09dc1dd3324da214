"""Waiting, asynchronously. `consentry/_sync/_pause.py` is its counterpart and written by hand."""

from __future__ import annotations

import asyncio

__all__ = ["Lock", "sleep"]

Lock = asyncio.Lock


async def sleep(seconds: float) -> None:
    """Waits. Cancelling the task ends it."""
    await asyncio.sleep(seconds)
