"""A clinic reads a patient's records, if the patient's consent permits."""

import sys

from consentry import Client, Deployment

patient = sys.argv[1]
with Client.for_development(Deployment.read(".local/endpoints.json"), "clinic-a") as clinic:
    answer = clinic.gateway.fetch_if_permitted(patient=patient, resource="Observation")
    if answer.permitted:
        print(f"{len(answer.resources)} records (decision {answer.decision_id})")
    else:
        print(f"denied: {answer.explain()} (decision {answer.decision_id})")
