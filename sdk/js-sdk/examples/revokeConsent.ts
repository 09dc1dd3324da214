import { clinicAddress, me, patient } from "./setup.js";

const active = me.consents.list({ subject: patient.subject, grantee: clinicAddress, status: "ACTIVE" });
for await (const consent of active) {
  // Gateways deny as soon as this returns; what is waited for is the chain.
  const stop = await me.consents.revoke(consent);
  const ended = await stop.waitForRevoked({ timeoutMs: 60_000 });
  console.log(ended?.status, consent.id);
}
