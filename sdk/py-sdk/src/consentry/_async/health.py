"""Whether everything is there."""

from __future__ import annotations

from .._http import Request
from ..deployment import Deployment
from ..errors import ConsentryError
from ..health import ServiceHealth
from ..models import indexer
from .ledger import AsyncLedger
from .transport import AsyncTransport

__all__ = ["AsyncHealth"]


class AsyncHealth:
    """The services, and the chain as the indexer has it."""

    def __init__(self, transport: AsyncTransport, deployment: Deployment, ledger: AsyncLedger) -> None:
        self._transport = transport
        self._deployment = deployment
        self._ledger = ledger

    async def check(self) -> dict[str, ServiceHealth]:
        """Whether each service is there and can do its work. Never raises: what is away is what it tells."""
        found = {}
        for name in ("auth", "indexer", "gateway", "relay", "audit"):
            url = f"{getattr(self._deployment, name)}/health/ready"
            try:
                answer = await self._transport.send(Request("GET", url, accepts=frozenset((503,)), retries=False))
                body = answer.json()
                checks = {str(key): str(value) for key, value in dict(body["checks"]).items()}
                found[name] = ServiceHealth(answer.status == 200, checks)
            except ConsentryError as fault:
                found[name] = ServiceHealth(False, {"service": fault.message})
            except (KeyError, TypeError, ValueError):
                found[name] = ServiceHealth(False, {"service": "an answer that is not a health report"})
        return found

    async def chain(self) -> indexer.ChainStatus:
        """The chain's heights and how far they are indexed; raises if it is another one than configured."""
        return await self._ledger.chain()
