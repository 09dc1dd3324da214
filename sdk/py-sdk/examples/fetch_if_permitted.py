"""A clinic reads a patient's records if the patient's consent permits it."""

import sys

from consentry import Client, Deployment

deployment = Deployment.read(sys.argv[1] if len(sys.argv) > 1 else ".local/endpoints.json")
patient = deployment.extra["patients"][0]

with Client.for_development(deployment, "clinic-a") as clinic:
    answer = clinic.gateway.fetch_if_permitted(patient=patient["fhirId"], resource="Observation")
    if answer.permitted:
        print(f"{len(answer.resources)} records, decision {answer.decision_id}")
    else:
        print(f"denied ({answer.reason}): {answer.explain()} Decision {answer.decision_id}")
