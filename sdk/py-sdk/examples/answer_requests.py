"""A clinic asks for two things; the patient agrees to one of them. Asynchronously."""

import asyncio
import sys

from consentry import AsyncClient, Deployment, Policy


async def main(deployment: Deployment) -> None:
    subject = deployment.extra["patients"][0]["subject"]
    who = AsyncClient.for_development
    async with who(deployment, "clinic-a") as clinic, who(deployment, "patient") as patient:
        asked = await clinic.consents.request(
            subject=subject, policy=Policy.build(resources=["Condition", "Observation"]), days=7
        )
        request = await asked.wait_for_requested()
        assert request is not None
        less = Policy.build(resources=["Observation"])
        answer = await patient.consents.approve_less(request.consent_id, less)
        await answer.wait_for_active()
        print("agreed to:", *less.explain(), sep="\n  ")


asyncio.run(main(Deployment.read(sys.argv[1] if len(sys.argv) > 1 else ".local/endpoints.json")))
