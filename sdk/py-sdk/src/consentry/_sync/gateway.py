# Made from consentry/_async by tools/generate.py. Do not edit.
"""The gateway: records if the patient's consent permits, or the decision alone."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from .. import _http
from .._http import Answer, Request
from ..decision import Decision, Denied, Permitted, reason_of
from ..deployment import Deployment
from ..errors import AuthError, UnavailableError, ValidationError
from ..models import gateway
from . import read
from .transport import Transport

__all__ = ["Gateway"]

PLAIN = re.compile(r"[A-Za-z0-9.-]{1,64}", re.ASCII)


class Gateway:
    """Every question here is put on record, whatever the answer is."""

    def __init__(self, transport: Transport, deployment: Deployment) -> None:
        self._transport = transport
        self._base = deployment.gateway

    def fetch_if_permitted(
        self,
        *,
        patient: str,
        resource: str,
        id: str | None = None,
        search: Mapping[str, str | int] | None = None,
        purpose: str | None = None,
    ) -> Decision:
        """The patient's records of one FHIR type, or one of them by `id`. `patient` is a FHIR id, `search` are FHIR's
        parameters (`category`, `_count`), `purpose` is one of those that a machine is registered for, the first of them
        if absent.

        A denial is a value. What raises is a fault: no decision could be made, or none was asked for properly.
        """
        if not all(PLAIN.fullmatch(part) for part in (patient, resource, "x" if id is None else id)):
            raise ValidationError(
                "`patient`, `resource` and `id` are FHIR ids and a type's name: letters, digits, dots and hyphens.",
                code="INVALID_REQUEST",
            )
        url, params = f"/{resource}", []
        if id is not None:
            url += f"/{id}"
        else:
            params = [("_id" if resource == "Patient" else "patient", patient)]
            params += [(name, str(value)) for name, value in (search or {}).items()]
        answer = self._transport.send(
            Request(
                "GET",
                f"{self._base}/fhir/R4{url}",
                audience=self._base,
                params=params,
                headers={"accept": "application/fhir+json"},
                accepts=frozenset((403,)),
                purpose=purpose,
            )
        )
        decision_id = answer.headers.get(_http.DECISION, "")
        if answer.status == 403:
            return _denial(answer, decision_id)
        body = answer.json()
        if not isinstance(body, dict) or not decision_id:
            raise UnavailableError(
                "The answer is not the gateway's: it names no decision.",
                code="UNEXPECTED_ANSWER",
                request_id=answer.request_id,
            )
        return Permitted(decision_id, body, answer.request_id)

    def evaluate(
        self,
        *,
        organization: str,
        patient: str,
        resource: str,
        action: str = "search",
        id: str | None = None,
        category: Sequence[str] | None = None,
        purpose: str | None = None,
    ) -> Decision:
        """The decision without the data (AuthZEN 1.0). A provider asks for its own organisation."""
        properties: dict[str, object] = {"patient": patient}
        if category is not None:
            properties["category"] = list(category)
        thing: dict[str, object] = {"type": resource, "properties": properties}
        if id is not None:
            thing["id"] = id
        body: dict[str, object] = {
            "subject": {"type": "organization", "id": organization},
            "action": {"name": action},
            "resource": thing,
        }
        if purpose is not None:
            body["context"] = {"purpose": purpose}
        answer = self._transport.send(
            Request(
                "POST",
                f"{self._base}/access/v1/evaluation",
                audience=self._base,
                headers={"content-type": "application/json"},
                content=json.dumps(body).encode(),
                # Asking twice is recorded twice and changes nothing.
                idempotent=True,
                purpose=purpose,
            )
        )
        told = read.model(gateway.EvaluationAnswer, answer)
        decision_id = str(told.context.decision_id)
        if told.decision:
            return Permitted(decision_id, request_id=answer.request_id)
        return _denied(told.context.rule, "", decision_id, answer)


def _denial(answer: Answer, decision_id: str) -> Denied:
    try:
        rule, text = _http.rule_and_text(json.loads(answer.content))
    except ValueError:
        rule, text = "", ""
    if not rule or not decision_id:
        raise AuthError(
            text or "The access token does not allow this.",
            code="AUTH_FORBIDDEN",
            request_id=answer.headers.get(_http.CORRELATION) or answer.request_id,
            status=answer.status,
        )
    return _denied(rule, text, decision_id, answer)


def _denied(rule: str, text: str, decision_id: str, answer: Answer) -> Denied:
    if (fault := _http.fault_of_rule(rule, text, answer)) is not None:
        raise fault
    return Denied(reason_of(rule), rule, decision_id, text, answer.request_id)
