"""By which addresses a practitioner asks for consent, at the custodian's directory."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from .._http import Request
from ..deployment import Deployment
from ..ids import checksum
from ..models import auth
from ..statements import STATEMENT_LIFE, stated
from . import read
from .desk import AsyncDesk
from .transport import AsyncTransport

__all__ = ["AsyncGrantees"]


class AsyncGrantees:
    """A practitioner's own addresses.

    Tokens name them, and the registry takes requests by them, while the chain says that they are verified practitioners
    of the organisation.
    """

    def __init__(self, transport: AsyncTransport, deployment: Deployment, desk: AsyncDesk) -> None:
        self._transport = transport
        self._deployment = deployment
        self._desk = desk
        self._url = f"{deployment.auth}/v1/grantee-bindings"

    async def list(self) -> Sequence[auth.GranteeBindingView]:
        """The addresses of the practitioner who is signed in."""
        return (await read.get(self._transport, auth.OwnGranteeBindings, self._url, self._deployment.auth)).bindings

    async def bind(
        self, *, tenant: str, organization: str, practitioner: str, nonce: int = 1
    ) -> Sequence[auth.GranteeBindingView]:
        """Binds the signer's key to the practitioner, who has signed in with two factors in the last five minutes.

        `tenant` is the custodian's id, `organization` the organisation's id there (a token's `org`), `practitioner` the
        FHIR id; `nonce` grows with every binding of this key.
        """
        signer = self._desk.signer
        about = {
            "tenant": tenant,
            "organization": organization,
            "practitioner": practitioner,
            "grantee": signer.address,
            "nonce": nonce,
            "deadline": int(time.time()) + STATEMENT_LIFE,
        }
        proof = stated(signer, self._deployment.domain, "BindGrantee", about)
        request = Request(
            "POST",
            self._url,
            audience=self._deployment.auth,
            headers={"content-type": "application/json"},
            content=json.dumps({"grantee": signer.address, "nonce": str(nonce), **proof}).encode(),
        )
        return read.model(auth.OwnGranteeBindings, await self._transport.send(request)).bindings

    async def end(self, grantee: str) -> None:
        """Ends one of the practitioner's own addresses, and their tokens, which may name it."""
        url = f"{self._url}/{checksum(grantee)}"
        await self._transport.send(Request("DELETE", url, audience=self._deployment.auth))
