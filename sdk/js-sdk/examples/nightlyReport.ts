// A nightly job of a custodian: who was granted what, and which consents nobody has used. `node nightlyReport.js [DAYS]`
import type { Access, Consent, Explanation } from "@consentry/sdk";
import { custodian, patients } from "./setup.js";

const DAY = 86_400_000;

/** What one consent comes to. */
interface Line {
  readonly consent: Consent;
  readonly explained: Explanation;
  readonly reads: readonly Access[];
}

/** What was released of a patient's record, newest first, by the consent that it rests on. */
async function releasesOf(fhirId: string, since: number): Promise<Map<string, Access[]>> {
  const found = new Map<string, Access[]>();
  for await (const access of custodian.access.list({ patient: fhirId })) {
    // Newest first: what is older is of no interest.
    if (Date.parse(access.ts) < since) break;
    const consent = access.chainRef?.consentId;
    if (access.result === "permit" && consent != null) found.set(consent, [...(found.get(consent) ?? []), access]);
  }
  return found;
}

/** Every consent of a patient that counts, in plain words, and its use. */
async function* linesOf({ fhirId, subject }: (typeof patients)[number], since: number): AsyncGenerator<Line> {
  const releases = await releasesOf(fhirId, since);
  for await (const consent of custodian.consents.list({ subject, status: "ACTIVE" })) {
    const policy = await custodian.policies.get(consent.scopeId);
    yield { consent, explained: custodian.policies.explain(policy), reads: releases.get(consent.id) ?? [] };
  }
}

function wordsOf({ consent, explained, reads }: Line): string {
  const until = consent.validTo === null ? "until it is taken back" : `until ${new Date(consent.validTo * 1000).toISOString().slice(0, 10)}`;
  const [last] = reads;
  const use = last === undefined ? "UNUSED" : `${reads.length} reads, the last on ${last.ts.slice(0, 10)}`;
  return `${consent.id} to ${consent.grantee}, ${until}: ${use}\n  ${explained.what} ${explained.why}`;
}

const days = Number(process.argv[2] ?? 90);
let [all, unused] = [0, 0];
for (const patient of patients) {
  for await (const line of linesOf(patient, Date.now() - days * DAY)) {
    all++;
    if (line.reads.length === 0) unused++;
    console.log(wordsOf(line));
  }
}
console.log(`${all} consents, ${unused} of them unused in ${days} days`);
