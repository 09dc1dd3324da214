// The hospital's own records (its FHIR server), into which a test may write as the hospital's staff do.
import { endpoints } from "./stack.mjs";

async function fhir(path, body) {
  const reply = await fetch(`${endpoints.fhir}/${path}`, body && { method: "PUT", headers: { "content-type": "application/fhir+json" }, body: JSON.stringify(body) });
  if (!reply.ok) throw new Error(`the hospital's records: ${path.split("?")[0]} answered ${reply.status}`);
  return reply.json();
}

const found = async (query) => ((await fhir(`${query}&_count=200`)).entry ?? []).map(({ resource }) => resource);

/** Gives a patient a record of their own: that of a synthetic patient, with ids that are nobody else's. Returns the name that it is under. */
export async function admit(fhirId, { like = 3, family = `Test-${fhirId.slice(2)}` } = {}) {
  const model = endpoints.patients[like].fhirId;
  const [person, observations, reports] = await Promise.all([found(`Patient?_id=${model}`), found(`Observation?patient=${model}`), found(`DiagnosticReport?patient=${model}`)]);
  const ids = new Map([...observations, ...reports].map(({ id }, at) => [id, `${fhirId}-${at}`]));
  const own = (resource) => JSON.parse(JSON.stringify(resource).replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, (id) => (id === model ? fhirId : (ids.get(id) ?? id))));
  const written = [{ ...person[0], name: [{ use: "official", family, given: ["Mina"] }] }, ...observations, ...reports].map(own);
  for (const resource of written) await fhir(`${resource.resourceType}/${resource.id}`, resource);
  return { family, name: `Mina ${family}` };
}
