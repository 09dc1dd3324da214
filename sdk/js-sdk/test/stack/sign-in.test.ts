import assert from "node:assert/strict";
import { test } from "node:test";
import { beginSignIn, createConsentry, developmentSigner, PersonSession, type App } from "../../src/index.js";
import { passkey } from "./authenticator.js";
import { authOf, client, clinic, deployment, endpoints } from "./stack.js";
import { Visitor } from "./visitor.js";

async function oneTimeCode(fhirId: string): Promise<string> {
  const url = `${endpoints.auth}/v1/enrolments`;
  const headers = await authOf("admin-tool", "admin:accounts.write").headers({ audience: endpoints.auth }, "POST", url);
  const body = JSON.stringify({ persona: "patient", fhirId });
  const response = await fetch(url, { method: "POST", body, headers: { ...headers, "content-type": "application/json" } });
  assert.equal(response.status, 201);
  return ((await response.json()) as { code: string }).code;
}

test("a patient signs in, binds a key, and decides with nothing but their own token and key", async (t) => {
  const { newcomer, tenant, apps } = endpoints;
  const code = await oneTimeCode(newcomer);
  const login = `pat.${Date.now().toString(36)}`;
  await new Visitor(endpoints.auth).enrols(code, login);

  const portal = apps.find((each) => each.persona === "patient")!;
  const app: App = { issuer: endpoints.auth, clientId: portal.id, redirectUri: portal.redirectUri };
  const session = await PersonSession.open(app, { dpop: true });
  const visitor = new Visitor(endpoints.auth);
  const twofold = { acr: "aal2", maxAge: 300 };
  const binding = await beginSignIn(app, { audience: endpoints.auth, scope: "launch/patient patient:consent.write", ...twofold });
  await session.complete(binding, await visitor.signsInTwofold(binding.url, login));
  assert.equal(session.patient, newcomer);

  const key = new Uint8Array(32).map(() => 1 + Math.floor(Math.random() * 254));
  const first = developmentSigner(`0x${Buffer.from(key).toString("hex")}`);
  const me = createConsentry({ deployment, auth: session, signer: first });
  if ((await me.keys.list()).length > 0) return t.skip("the newcomer of this stack has a key already; start a new stack");
  const [bound] = await me.keys.bind({ tenant, patient: newcomer });
  const subject = bound!.subject as `0x${string}`;
  assert.deepEqual((await me.keys.list()).map((each) => each.subject), [subject]);
  await assert.rejects(me.consents.list({ subject }).next(), { code: "AUTH_SIGN_IN_REQUIRED" });

  const looking = await beginSignIn(app, { audience: endpoints.indexer, scope: "patient:consent.read patient:consent.write online_access" });
  await session.complete(looking, await visitor.passesThrough(looking.url));
  const asking = clinic();
  const policy = asking.policies.build({ resources: ["Observation"] });
  const asked = await (await asking.consents.request({ subject, policy, days: 1 })).waitForRequested();
  const own = [];
  for await (const consent of me.consents.list({ subject })) own.push(consent);
  assert.deepEqual(own.map((each) => [each.id, each.status]), [[asked.id, "REQUESTED"]]);
  const active = await (await me.consents.approve(own[0]!)).waitForActive();
  const released = await asking.gateway.fetchIfPermitted({ patient: newcomer, resource: "Observation" });
  assert.ok(released.permitted && released.resources.length > 0, JSON.stringify(released).slice(0, 200));

  // A token that is not taken any more is refreshed, and the next refresh uses the new one.
  const url = `${endpoints.indexer}/v1/consents/${active.id}`;
  const wanted = { audience: endpoints.indexer };
  const before = await session.headers(wanted, "GET", url);
  const renewed = await session.headers(wanted, "GET", url, true);
  assert.notEqual(renewed.authorization, before.authorization);
  await session.headers(wanted, "GET", url, true);
  assert.equal((await me.consents.get(active.id)).status, "ACTIVE");
  await (await me.consents.revoke(active)).waitForRevoked();

  // A passkey is a further key, once the first one vouches for it; it decides like any other.
  const mine = createConsentry({ deployment, auth: session, signer: passkey() });
  await assert.rejects(mine.keys.bind({ tenant, patient: newcomer }), { code: "CONFLICT" });
  const both = await mine.keys.bind({ tenant, patient: newcomer, endorsedBy: first });
  assert.equal(both.length, 2);
  await session.headers(wanted, "GET", url, true);
  const grantee = client("clinic-b").address!;
  const given = await (await mine.consents.create({ grantee, policy: mine.policies.build({ resources: ["Observation"] }), days: 1 })).waitForActive();
  const read = () => clinic("clinic-b").gateway.fetchIfPermitted({ patient: newcomer, resource: "Observation" });
  assert.ok((await read()).permitted);
  await (await mine.consents.revoke(given)).waitForRevoked();
  assert.ok(!(await read()).permitted);

  // Nobody else's consents are shown.
  const other = endpoints.patients[0]!.subject;
  await assert.rejects(me.consents.list({ subject: other, grantee: client("clinic-a").address! }).next(), { code: "AUTH_FORBIDDEN" });
});
