"""Who looked: the decisions about a patient, as archived."""

from __future__ import annotations

from collections.abc import AsyncIterator

from ..deployment import Deployment
from ..models import audit
from . import read
from .transport import AsyncTransport

__all__ = ["AsyncAccess"]


class AsyncAccess:
    """The access log."""

    def __init__(self, transport: AsyncTransport, deployment: Deployment) -> None:
        self._transport = transport
        self._base = deployment.audit

    async def list(self, *, patient: str, limit: int = 100) -> AsyncIterator[audit.Access]:
        """All decisions about a patient (FHIR id), the newest first; `limit` is the size of a page."""
        cursor: str | None = None
        while True:
            params = [("patient", patient), ("limit", str(limit))]
            if cursor:
                params.append(("cursor", cursor))
            page = await read.get(self._transport, audit.Accesses, f"{self._base}/v1/accesses", self._base, params)
            for access in page.accesses:
                yield access
            cursor = page.next
            if cursor is None:
                return
