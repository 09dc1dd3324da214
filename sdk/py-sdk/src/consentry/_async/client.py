"""The client: everything from here."""

from __future__ import annotations

from typing import Self

import httpx2

from .._http import Request
from ..deployment import Deployment
from ..development import identity
from ..errors import ConsentryError
from ..health import Health
from ..signers import LocalKeySigner, Signer
from .access import AsyncAccess
from .auth import AsyncClientCredentials
from .consents import AsyncConsents
from .gateway import AsyncGateway
from .policies import AsyncPolicies
from .transport import AsyncTransport, Tokens

__all__ = ["AsyncClient"]


class AsyncClient:
    """One party at one deployment. Use it as a context manager, or close it.

    `auth` gives it tokens, `signer` signs decisions; each is only needed for what needs it.
    """

    def __init__(
        self,
        deployment: Deployment,
        *,
        auth: Tokens | None = None,
        signer: Signer | None = None,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        self.deployment = deployment
        self.transport = AsyncTransport(auth, http)
        self.policies = AsyncPolicies(self.transport, deployment)
        self.consents = AsyncConsents(self.transport, deployment, self.policies, signer)
        self.gateway = AsyncGateway(self.transport, deployment)
        self.access = AsyncAccess(self.transport, deployment)

    @classmethod
    def for_development(cls, deployment: Deployment, who: str) -> Self:
        """Somebody of a local stack: `clinic-a`, `ops-system`, `patient`, `patient:<FHIR id>`. See `development`."""
        known = identity(deployment, who)
        return cls(
            deployment,
            auth=AsyncClientCredentials(deployment.auth, known.client_id, known.jwk, known.scope),
            signer=LocalKeySigner(known.private_key) if known.private_key else None,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the connections."""
        await self.transport.aclose()

    async def health(self) -> list[Health]:
        """Whether each service is there and can do its work. Never raises: what is away is what it tells."""
        found = []
        for name in ("auth", "indexer", "gateway", "relay", "audit"):
            url = f"{getattr(self.deployment, name)}/health/ready"
            try:
                answer = await self.transport.send(Request("GET", url, accepts=frozenset((503,))))
                body = answer.json()
                checks = {str(key): str(value) for key, value in dict(body["checks"]).items()}
                found.append(Health(name, answer.status == 200, checks))
            except ConsentryError as fault:
                found.append(Health(name, False, {"service": fault.message}))
            except (KeyError, TypeError, ValueError):
                found.append(Health(name, False, {"service": "an answer that is not a health report"}))
        return found
