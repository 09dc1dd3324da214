import { clinic, patient } from "./setup.js";

const answer = await clinic.gateway.fetchIfPermitted({ patient: patient.fhirId, resource: "Observation", purpose: "TREAT" });
if (answer.permitted) {
  console.log(`${answer.resources.length} observations, decision ${answer.decisionId}`);
} else {
  console.log(`${answer.reason}: ${answer.text} Decision ${answer.decisionId}`);
}
