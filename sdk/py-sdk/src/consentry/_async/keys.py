"""Which keys stand for a patient, at the custodian's directory."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from .._http import Request
from ..deployment import Deployment
from ..errors import ValidationError
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

    def statement(
        self, *, tenant: str, patient: str, nonce: int = 1, life_seconds: int = STATEMENT_LIFE
    ) -> dict[str, Any]:
        """What the signer's key says about whose it is, for others to hand in.

        Where all keys are lost, two administrators put it in their place. Sends nothing, and needs no sign-in. It can
        be handed in for `life_seconds`.
        """
        if life_seconds <= 0:
            raise ValidationError("`life_seconds` is at least 1.", code="INVALID_REQUEST")
        about = self._about(tenant, patient, nonce, life_seconds)
        return {"nonce": str(nonce), **self._says(self._desk.signer, "Bind", about)}

    async def bind(
        self, *, tenant: str, patient: str, nonce: int = 1, endorsed_by: Signer | None = None
    ) -> Sequence[auth.BindingView]:
        """Binds the signer's key to the patient, who has signed in with two factors in the last five minutes.

        `tenant` is the custodian's id, `patient` the FHIR id there (`Session.patient`); `nonce` grows with every
        binding of this key. Every key after the first has to be endorsed by one that stands for the patient already.
        """
        signer = self._desk.signer
        about = self._about(tenant, patient, nonce, STATEMENT_LIFE)
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

    def _about(self, tenant: str, patient: str, nonce: int, life: int) -> dict[str, Any]:
        until = int(time.time()) + life
        return {"tenant": tenant, "patientRefHash": patient_ref_hash(patient), "nonce": nonce, "deadline": until}

    def _says(self, by: Signer, statement: str, about: dict[str, Any]) -> dict[str, Any]:
        members = {**about, "subject": by.address}
        return {"subject": by.address, **stated(by, self._deployment.domain, statement, members)}
