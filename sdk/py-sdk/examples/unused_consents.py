"""A nightly job: who was granted what, and which consents nobody used lately."""

import sys
from datetime import UTC, datetime, timedelta

from consentry import Client, Deployment

UNUSED = timedelta(days=90)


def main(deployment: Deployment) -> int:
    since = datetime.now(UTC) - UNUSED
    unused = 0
    with Client.for_development(deployment, "ops-system") as system:
        for patient in deployment.extra["patients"]:
            used: dict[str, datetime] = {}
            for access in system.access.list(patient=patient["fhirId"]):
                if access.ts < since:
                    break  # the newest come first
                if access.result == "permit" and access.chain_ref is not None:
                    used.setdefault(access.chain_ref.consent_id, access.ts)
            for consent in system.consents.list(patient=patient["subject"], status="ACTIVE"):
                last = used.get(consent.consent_id)
                granted = datetime.fromtimestamp(consent.valid_from, UTC)
                state = f"used {last:%Y-%m-%d %H:%M}" if last else "not used"
                if last is None and granted < since:
                    unused += 1
                    state = f"UNUSED for {UNUSED.days} days: propose to end it"
                print(f"{consent.consent_id[:12]}  for {consent.grantee_id}  since {granted:%Y-%m-%d}  {state}")
    print(f"{unused} unused")
    return 0


sys.exit(main(Deployment.read(sys.argv[1] if len(sys.argv) > 1 else ".local/endpoints.json")))
