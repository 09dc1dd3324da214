# Made from consentry/_async by tools/generate.py. Do not edit.
"""Who looked: the decisions about a patient, as archived."""

from __future__ import annotations

from collections.abc import Iterator

from ..deployment import Deployment
from ..models import audit
from . import read
from .transport import Transport

__all__ = ["Access"]


class Access:
    """The access log."""

    def __init__(self, transport: Transport, deployment: Deployment) -> None:
        self._transport = transport
        self._base = deployment.audit

    def list(self, *, patient: str, limit: int = 100) -> Iterator[audit.Access]:
        """All decisions about a patient (FHIR id), the newest first; `limit` is the size of a page."""
        cursor: str | None = None
        while True:
            params = [("patient", patient), ("limit", str(limit))]
            if cursor:
                params.append(("cursor", cursor))
            page = read.get(self._transport, audit.Accesses, f"{self._base}/v1/accesses", self._base, params)
            for access in page.accesses:
                yield access
            cursor = page.next
            if cursor is None:
                return
