"""Which keys stand for a patient, at the custodian's directory."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from .._http import Request
from ..deployment import Deployment
from ..models import auth
from ..signers import Signer
from ..statements import STATEMENT_LIFE, patient_ref_hash, stated
from . import read
from .desk import AsyncDesk
from .transport import AsyncTransport

__all__ = ["AsyncKeys"]


class AsyncKeys:
    """Keys of the patient who is signed in."""

    def __init__(self, transport: AsyncTransport, deployment: Deployment, desk: AsyncDesk) -> None:
        self._transport = transport
        self._deployment = deployment
        self._desk = desk
        self._url = f"{deployment.auth}/v1/bindings"

    async def list(self) -> Sequence[auth.BindingView]:
        """The addresses that stand for the patient, the oldest first."""
        return (await read.get(self._transport, auth.OwnBindings, self._url, self._deployment.auth)).bindings

    async def bind(
        self, *, tenant: str, patient: str, nonce: int = 1, endorsed_by: Signer | None = None
    ) -> Sequence[auth.BindingView]:
        """Binds the signer's key to the patient, who has signed in with two factors in the last five minutes.

        `tenant` is the custodian's id, `patient` the FHIR id there (`Session.patient`); `nonce` grows with every
        binding of this key. Every key after the first has to be endorsed by one that stands for the patient already.
        """
        signer = self._desk.signer
        until = int(time.time()) + STATEMENT_LIFE
        about = {"tenant": tenant, "patientRefHash": patient_ref_hash(patient), "nonce": nonce, "deadline": until}
        body = {"binding": {"nonce": str(nonce), **self._says(signer, "Bind", about)}}
        if endorsed_by is not None:
            body["endorsement"] = self._says(endorsed_by, "Endorse", {**about, "newSubject": signer.address})
        request = Request(
            "POST",
            self._url,
            audience=self._deployment.auth,
            headers={"content-type": "application/json"},
            content=json.dumps(body).encode(),
        )
        return read.model(auth.OwnBindings, await self._transport.send(request)).bindings

    def _says(self, by: Signer, statement: str, about: dict[str, Any]) -> dict[str, Any]:
        members = {**about, "subject": by.address}
        return {"subject": by.address, **stated(by, self._deployment.domain, statement, members)}
