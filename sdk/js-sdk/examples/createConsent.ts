import { clinic, me, patient } from "./setup.js";

const policy = clinic.policies.build({ resources: ["Observation"], purpose: ["TREAT"] });
const request = await clinic.consents.request({ subject: patient.subject, policy, days: 30 });
const asked = await request.waitForRequested();
console.log(me.policies.explain(await me.policies.get(asked.scopeId)));
const grant = await me.consents.approve(asked);
const consent = await grant.waitForActive({ timeoutMs: 60_000, onStatus: (status) => console.log(status.intent, status.consent) });
console.log(consent.status, consent.id);
