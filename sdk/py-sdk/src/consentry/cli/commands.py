"""What each command does."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable
from itertools import islice
from typing import Any

from .._sync.client import Client
from .._sync.pending import Pending
from ..decision import Decision
from ..errors import ValidationError
from ..models import indexer
from ..policy import SENSITIVITIES, Policy
from .identity import client, own_address
from .login import login
from .output import Output, moment
from .records import summary

__all__ = ["COMMANDS"]

FAILED, DENIED = 1, 3


def _policy(asked: Namespace) -> Policy:
    return Policy.build(
        resources=asked.share,
        purpose=asked.purpose or "TREAT",
        exclude=[code for code in SENSITIVITIES if code not in asked.include],
        start=asked.start,
        end=asked.end,
    )


def _row(row: indexer.ConsentRow) -> dict[str, Any]:
    return dict(row.model_dump(mode="json", by_alias=True))


def _finish(
    out: Output, pending: Pending, wait: Callable[..., indexer.ConsentRow | None], seconds: float, done: str
) -> int:
    """Waits if asked to, and says how it ended."""
    value: dict[str, Any] = {"intent": pending.digest, "consentId": pending.consent_id}
    if not seconds:
        value["state"] = "handed in"
        text = f"Handed in; the relay brings it onto the chain.\nintent   {pending.digest}"
    else:
        row = wait(seconds, on_status=out.progress)
        value["state"] = row.status if row else done
        text = f"It is {done}."
    if pending.consent_id:
        text += f"\nconsent  {pending.consent_id}"
    out.result(value, text)
    return 0


def request(asked: Namespace, out: Output) -> int:
    """A clinic asks."""
    with client(asked) as party:
        policy = _policy(asked)
        for line in policy.explain():
            out.say(line)
        pending = party.consents.request(subject=asked.subject, policy=policy, days=asked.days)
        return _finish(out, pending, pending.wait_for_requested, asked.wait, "asked for")


def grant(asked: Namespace, out: Output) -> int:
    """A patient agrees: to what was asked, to less, or unasked."""
    if (asked.consent is None) == (asked.grantee is None):
        raise ValidationError(
            "Name the request to approve, or an organisation by --to-organization.", code="INVALID_REQUEST"
        )
    if asked.grantee is not None and not asked.share:
        raise ValidationError("Say by --share what to share.", code="INVALID_REQUEST")
    with client(asked) as party:
        row = party.consents.get(asked.consent) if asked.consent else None
        policy = _policy(asked) if asked.share else party.policies.get(row.scope_id) if row else None
        assert policy is not None
        if not _agreed(asked, out, row, policy):
            out.note("Nothing was signed.")
            return FAILED
        if row is None:
            pending = party.consents.create(grantee=asked.grantee, policy=policy, days=asked.days)
        elif asked.share:
            pending = party.consents.approve_less(asked.consent, policy, days=asked.days)
        else:
            pending = party.consents.approve(asked.consent, policy=policy, days=asked.days)
        return _finish(out, pending, pending.wait_for_active, asked.wait, "active")


def _agreed(asked: Namespace, out: Output, row: indexer.ConsentRow | None, policy: Policy) -> bool:
    """Nobody signs what they were not shown."""
    for line in policy.explain():
        out.say(line)
    if row is not None:
        until = "as long as you said" if asked.days else f"{moment(row.valid_from)} to {moment(row.valid_to)}"
        out.say(f"For the organisation {row.grantee_id}, {until}.")
    if asked.yes:
        return True
    if not sys.stdin.isatty() or out.json:
        raise ValidationError("Read what it says, and add --yes to sign it.", code="INVALID_REQUEST")
    print("Sign this? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def deny(asked: Namespace, out: Output) -> int:
    """A patient says no."""
    with client(asked) as party:
        pending = party.consents.deny(asked.consent)
        return _finish(out, pending, pending.wait_for_denied, asked.wait, "denied")


def revoke(asked: Namespace, out: Output) -> int:
    """A patient takes back."""
    with client(asked) as party:
        pending = party.consents.revoke_all() if asked.all else party.consents.revoke(asked.consent)
        return _finish(out, pending, pending.wait_for_revoked, asked.wait, "taken back")


def ls(asked: Namespace, out: Output) -> int:
    """Lists consents."""
    patient, organization = asked.patient, asked.organization
    with client(asked) as party:
        if patient is None and organization is None:
            rows = _own(asked, party)
        else:
            rows = [
                _row(row) for row in party.consents.list(patient=patient, grantee=organization, status=asked.status)
            ]
    shown = rows if out.json else [row | {"until": moment(row["validTo"])} for row in rows]
    columns = {"status": "STATUS", "patientId": "PATIENT", "granteeId": "ORGANISATION", "until": "UNTIL"}
    out.table(shown, columns | {"consentId": "CONSENT"}, "No consents.")
    return 0


def _own(asked: Namespace, party: Client) -> list[dict[str, Any]]:
    address = own_address(asked)
    is_patient = asked.who is None or asked.who.startswith("patient")
    if address is not None and not is_patient:
        return [_row(row) for row in party.consents.list(grantee=address, status=asked.status)]
    if address is None and asked.who is not None:
        raise ValidationError("Say whose: --patient or --organization.", code="INVALID_REQUEST")
    # Without a key at hand, the directory knows which keys stand for whoever is signed in.
    addresses = [address] if address is not None else [one.subject for one in party.keys.list()]
    return [_row(row) for one in addresses for row in party.consents.list(patient=one, status=asked.status)]


def fetch(asked: Namespace, out: Output) -> int:
    """Reads, or is denied."""
    with client(asked) as party:
        decision: Decision
        if asked.decision_only:
            decision = party.gateway.evaluate(
                organization=asked.decision_only,
                patient=asked.patient,
                resource=asked.resource,
                action="read" if asked.id else "search",
                id=asked.id,
                category=[asked.category] if asked.category else None,
                purpose=asked.purpose,
            )
        else:
            decision = party.gateway.fetch_if_permitted(
                patient=asked.patient,
                resource=asked.resource,
                id=asked.id,
                search={"category": asked.category} if asked.category else None,
                purpose=asked.purpose,
            )
    if not decision.permitted:
        value = {
            "permitted": False,
            "reason": decision.reason,
            "rule": decision.rule,
            "decisionId": decision.decision_id,
        }
        out.result(value, f"denied ({decision.reason}): {decision.explain()}\ndecision {decision.decision_id}")
        return DENIED
    out.say(f"permitted, decision {decision.decision_id}")
    if decision.resource is None:
        out.result({"permitted": True, "decisionId": decision.decision_id}, "permitted")
    elif out.json:
        print(json.dumps(decision.resource, indent=2, ensure_ascii=False))
    else:
        columns = {"type": "TYPE", "id": "ID", "when": "WHEN", "what": "WHAT"}
        out.table([summary(one) for one in decision.resources], columns, "Nothing to read.")
    return 0


def log(asked: Namespace, out: Output) -> int:
    """Who looked."""
    with client(asked) as party:
        rows = [
            access.model_dump(mode="json", by_alias=True)
            for access in islice(party.access.list(patient=asked.patient, limit=min(asked.limit, 100)), asked.limit)
        ]
    columns = {
        "ts": "WHEN",
        "actor": "WHO",
        "action": "DID",
        "resourceType": "WHAT",
        "result": "RESULT",
        "rule": "RULE",
    }
    out.table(rows, columns, "Nobody looked.")
    return 0


def health(asked: Namespace, out: Output) -> int:
    """All services."""
    with client(asked) as party:
        found = party.health.check()
    rows = [
        {
            "service": name,
            "ready": one.ready,
            "state": "ready" if one.ready else "not ready",
            "why": ", ".join(f"{check}: {state}" for check, state in one.checks.items() if state != "ok"),
        }
        for name, one in found.items()
    ]
    out.table(rows, {"service": "SERVICE", "state": "STATE", "why": "WHY"}, "")
    return 0 if all(one.ready for one in found.values()) else FAILED


COMMANDS: dict[str, Callable[[Namespace, Output], int]] = {
    "login": login,
    "request": request,
    "grant": grant,
    "deny": deny,
    "revoke": revoke,
    "ls": ls,
    "fetch": fetch,
    "log": log,
    "health": health,
}
