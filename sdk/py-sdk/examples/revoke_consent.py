"""A patient ends everything that is active for a clinic. Gateways deny before the chain has it."""

import sys

from consentry import Client, Deployment

deployment = Deployment.read(sys.argv[1] if len(sys.argv) > 1 else ".local/endpoints.json")
clinic = next(client for client in deployment.extra["clients"] if client["id"] == "clinic-a")
subject = deployment.extra["patients"][0]["subject"]

with Client.for_development(deployment, "patient") as patient:
    for consent in list(patient.consents.list(patient=subject, grantee=clinic["address"], status="ACTIVE")):
        patient.consents.revoke(consent.consent_id).wait_for_revoked(timeout=60)
        print(f"ended: {consent.consent_id}")
