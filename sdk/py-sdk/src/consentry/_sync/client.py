# Made from consentry/_async by tools/generate.py. Do not edit.
"""The client: everything from here."""

from __future__ import annotations

from typing import Self

import httpx2

from ..deployment import Deployment
from ..development import identity
from ..signers import LocalKeySigner, Payer, Signer, payer_of
from .access import Access
from .auth import ClientCredentials
from .consents import Consents
from .control import Control
from .delegates import Delegates
from .desk import Desk
from .direct import Direct
from .gateway import Gateway
from .grantees import Grantees
from .health import Health
from .keys import Keys
from .ledger import Ledger
from .memory import SigningMemory
from .policies import Policies
from .recovery import Recovery
from .transport import Tokens, Transport

__all__ = ["Client"]


class Client:
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
        memory: SigningMemory | None = None,
        node: str | None = None,
        payer: Payer | None = None,
        http: httpx2.Client | None = None,
    ) -> None:
        self.deployment = deployment
        self.transport = Transport(auth, http)
        ledger = Ledger(self.transport, deployment)
        direct = None if node is None else Direct(self.transport, deployment, node, payer_of(payer, signer))
        desk = Desk(self.transport, deployment, ledger, signer, memory, direct)
        self.policies = Policies(self.transport, deployment)
        self.consents = Consents(desk, self.policies)
        self.delegates = Delegates(desk)
        self.recovery = Recovery(desk)
        self.control = Control(desk)
        self.gateway = Gateway(self.transport, deployment)
        self.access = Access(self.transport, deployment)
        self.keys = Keys(self.transport, deployment, desk)
        self.grantees = Grantees(self.transport, deployment, desk)
        self.health = Health(self.transport, deployment, ledger)

    @classmethod
    def for_development(
        cls, deployment: Deployment, who: str, *, memory: SigningMemory | None = None, node: str | None = None
    ) -> Self:
        """Somebody of a local stack: `clinic-a`, `ops-system`, `patient`, `patient:<FHIR id>`. See `development`."""
        known = identity(deployment, who)
        return cls(
            deployment,
            auth=ClientCredentials(deployment.auth, known.client_id, known.jwk, known.scope),
            signer=LocalKeySigner(known.private_key) if known.private_key else None,
            memory=memory,
            node=node,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self.transport.close()
