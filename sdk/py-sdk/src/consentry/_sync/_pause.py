"""Waiting, synchronously: the counterpart of `consentry/_async/_pause.py`, written by hand."""

from __future__ import annotations

import threading
import time

__all__ = ["Lock", "sleep"]

Lock = threading.Lock


def sleep(seconds: float) -> None:
    """Waits. An interrupt ends it."""
    time.sleep(seconds)
