"""A patient lets a clinic see their laboratory results for thirty days."""

import sys

from consentry import Client, Deployment, Policy

deployment = Deployment.read(sys.argv[1] if len(sys.argv) > 1 else ".local/endpoints.json")
clinic = next(client for client in deployment.extra["clients"] if client["id"] == "clinic-a")

policy = Policy.build(resources=[("Observation", ["laboratory"])], purpose="TREAT")
print("\n".join(policy.explain()))
with Client.for_development(deployment, "patient") as patient:
    pending = patient.consents.create(grantee=clinic["address"], policy=policy, days=30)
    consent = pending.wait_for_active(timeout=60, on_status=print)
    print(f"active: {pending.consent_id}, version {consent.version if consent else '?'}")
