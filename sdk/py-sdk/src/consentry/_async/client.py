"""The client: everything from here."""

from __future__ import annotations

from typing import Self

import httpx2

from ..deployment import Deployment
from ..development import identity
from ..signers import LocalKeySigner, Payer, Signer, payer_of
from .access import AsyncAccess
from .auth import AsyncClientCredentials
from .consents import AsyncConsents
from .control import AsyncControl
from .delegates import AsyncDelegates
from .desk import AsyncDesk
from .direct import AsyncDirect
from .gateway import AsyncGateway
from .grantees import AsyncGrantees
from .health import AsyncHealth
from .keys import AsyncKeys
from .ledger import AsyncLedger
from .memory import AsyncSigningMemory
from .policies import AsyncPolicies
from .recovery import AsyncRecovery
from .transport import AsyncTransport, Tokens

__all__ = ["AsyncClient"]


class AsyncClient:
    """One party at one deployment. Use it as a context manager, or close it.

    `auth` gives it tokens, `signer` signs decisions; each is only needed for what needs it. A `memory` keeps the
    highest numbers that were signed, so that openings need not wait for finality. With `node`, the URL of a node of the
    chain, decisions are sent directly and `payer` pays for them (the signer, if absent); else the relay brings them,
    and pays.
    """

    def __init__(
        self,
        deployment: Deployment,
        *,
        auth: Tokens | None = None,
        signer: Signer | None = None,
        memory: AsyncSigningMemory | None = None,
        node: str | None = None,
        payer: Payer | None = None,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        self.deployment = deployment
        self.transport = AsyncTransport(auth, http)
        ledger = AsyncLedger(self.transport, deployment)
        direct = None if node is None else AsyncDirect(self.transport, deployment, node, payer_of(payer, signer))
        desk = AsyncDesk(self.transport, deployment, ledger, signer, memory, direct)
        self.policies = AsyncPolicies(self.transport, deployment)
        self.consents = AsyncConsents(desk, self.policies)
        self.delegates = AsyncDelegates(desk)
        self.recovery = AsyncRecovery(desk)
        self.control = AsyncControl(desk)
        self.gateway = AsyncGateway(self.transport, deployment)
        self.access = AsyncAccess(self.transport, deployment)
        self.keys = AsyncKeys(self.transport, deployment, desk)
        self.grantees = AsyncGrantees(self.transport, deployment, desk)
        self.health = AsyncHealth(self.transport, deployment, ledger)

    @classmethod
    def for_development(
        cls, deployment: Deployment, who: str, *, memory: AsyncSigningMemory | None = None, node: str | None = None
    ) -> Self:
        """Somebody of a local stack: `clinic-a`, `ops-system`, `patient`, `patient:<FHIR id>`. See `development`."""
        known = identity(deployment, who)
        return cls(
            deployment,
            auth=AsyncClientCredentials(deployment.auth, known.client_id, known.jwk, known.scope),
            signer=LocalKeySigner(known.private_key) if known.private_key else None,
            memory=memory,
            node=node,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the connections."""
        await self.transport.aclose()
