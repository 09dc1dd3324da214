"""A nightly job: who was granted what, and which consents nobody used lately. Ends with 3 if there are any."""

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
                what = system.policies.get(consent.scope_id).explain()[0]
                begun = datetime.fromtimestamp(consent.valid_from, UTC)
                last = used.get(consent.consent_id)
                state = f"used {last:%Y-%m-%d %H:%M}" if last else "not used yet"
                if last is None and begun < since:
                    unused += 1
                    state = f"UNUSED for {UNUSED.days} days: ask the patient whether to end it"
                print(f"{consent.consent_id[:12]}  {consent.grantee_id}  since {begun:%Y-%m-%d}  {state}  {what}")
    print(f"{unused} unused")
    return 3 if unused else 0


sys.exit(main(Deployment.read(sys.argv[1] if len(sys.argv) > 1 else ".local/endpoints.json")))
