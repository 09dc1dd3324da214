import { ValidationError } from "../errors.js";
import type { components } from "../generated/ehr-gateway.js";
import { faultOf, faultOfRule, jsonOf, type Answer } from "../http.js";
import type { Purpose } from "../policy/codes.js";
import type { Context } from "./context.js";

/** Why data was not released. */
export type DenialReason = "NO_CONSENT" | "PENDING" | "EXPIRED" | "REVOKED" | "OUT_OF_SCOPE" | "PURPOSE";

/** A FHIR resource. */
export interface FhirResource {
  readonly resourceType: string;
  readonly id?: string;
  readonly [member: string]: unknown;
}

/** A decision, whatever it is. */
export interface Decided {
  /** The decision's record, to quote when asking why. */
  readonly decisionId: string | undefined;
  readonly requestId: string | undefined;
}

/** Access is refused. Not an error: it is what was to be found out. */
export interface Denied extends Decided {
  readonly permitted: false;
  readonly reason: DenialReason;
  /** The gateway's own rule. */
  readonly rule: string;
  /** The reason in words. */
  readonly text: string;
}

/** Data was released. */
export interface Released extends Decided {
  readonly permitted: true;
  /** The resources, without the remark that some may be withheld. */
  readonly resources: readonly FhirResource[];
  /** The answer as it came: a Bundle, or the one resource. */
  readonly bundle: FhirResource;
}

/** What is to be read. */
export interface FhirRequest {
  /** The patient's FHIR id. */
  readonly patient: string;
  /** The FHIR resource type. */
  readonly resource: string;
  /** One record by its id, in place of a search. */
  readonly id?: string;
  /** Search parameters, such as category. */
  readonly search?: Readonly<Record<string, string | number>>;
  /** Purpose of use, one of those the client is registered for. */
  readonly purpose?: Purpose;
  readonly signal?: AbortSignal;
}

/** A question without the data. */
export interface EvaluationRequest {
  /** The organisation's id in the directory. */
  readonly organization: string;
  readonly patient: string;
  readonly resource: string;
  readonly action?: "read" | "search";
  readonly category?: readonly string[];
  readonly purpose?: Purpose;
  readonly signal?: AbortSignal;
}

/** Whether a request would be let in. */
export type Evaluation = (Decided & { readonly permitted: true; readonly rule: string }) | Denied;

const REASONS: Readonly<Record<string, DenialReason>> = {
  "no-consent": "NO_CONSENT", "consent-denied": "NO_CONSENT",
  "consent-requested": "PENDING", "consent-scheduled": "PENDING", "consent-confirming": "PENDING",
  "consent-expired": "EXPIRED",
  "consent-revoked": "REVOKED", stopped: "REVOKED", "patient-stop": "REVOKED",
  "policy-unknown": "OUT_OF_SCOPE", "policy-action": "OUT_OF_SCOPE", "policy-type": "OUT_OF_SCOPE", "policy-category": "OUT_OF_SCOPE",
  absent: "OUT_OF_SCOPE", withheld: "OUT_OF_SCOPE", "foreign-resource": "OUT_OF_SCOPE", "unreadable-answer": "OUT_OF_SCOPE",
  "policy-purpose": "PURPOSE",
};

/** The reason that a rule stands for. What is not known is a denial all the same. */
export function reasonOf(rule: string): DenialReason {
  return Object.hasOwn(REASONS, rule) ? (REASONS[rule] as DenialReason) : "NO_CONSENT";
}

/** Reading records under patients' consents. */
export class Gateway {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Reads what the patient's consent covers. A denial is a value; what throws is a fault. */
  async fetchIfPermitted(request: FhirRequest): Promise<Released | Denied> {
    const { patient, resource, id, search = {}, purpose, signal } = request;
    const plain = /^[A-Za-z0-9.-]{1,64}$/;
    if (![patient, resource, id ?? "x"].every((part) => plain.test(part))) {
      throw new ValidationError("INVALID_REQUEST", "`patient`, `resource` and `id` are FHIR ids and a type's name: letters, digits, dots and hyphens");
    }
    const query = id !== undefined ? {} : { [resource === "Patient" ? "_id" : "patient"]: patient, ...search };
    const path = `/fhir/R4/${resource}${id === undefined ? "" : `/${id}`}`;
    const answer = await this.#context.send("gateway", { path, query, purpose, signal, accept: [403, 503], headers: { accept: "application/fhir+json" } });
    const decisionId = answer.headers.get("x-decision-id") ?? undefined;
    const body = jsonOf<FhirResource>(answer);
    if (answer.status !== 200) return denialOf(answer, body, decisionId);
    const { requestId } = answer;
    return { permitted: true, resources: resourcesOf(body), bundle: body, decisionId, requestId };
  }

  /** Whether a request would be let in. It is on record like a read. */
  async evaluate(request: EvaluationRequest): Promise<Evaluation> {
    const { organization, patient, resource, action = "search", category, purpose, signal } = request;
    const body: components["schemas"]["EvaluationRequest"] = {
      subject: { type: "organization", id: organization },
      action: { name: action },
      resource: { type: resource, properties: { patient, ...(category && { category: [...category] }) } },
      ...(purpose !== undefined && { context: { purpose } }),
    };
    const answer = await this.#context.send("gateway", {
      path: "/access/v1/evaluation", method: "POST", body: JSON.stringify(body), signal, purpose, headers: { "content-type": "application/json" },
    });
    const { decision, context } = jsonOf<components["schemas"]["EvaluationAnswer"]>(answer);
    const { rule, decisionId } = context;
    if (decision) return { permitted: true, rule, decisionId, requestId: answer.requestId };
    return denied(rule, "", decisionId, answer);
  }
}

function denied(rule: string, text: string, decisionId: string | undefined, answer: Answer): Denied {
  const fault = faultOfRule(rule, text || rule, answer);
  if (fault !== undefined) throw fault;
  return { permitted: false, reason: reasonOf(rule), rule, text, decisionId, requestId: answer.requestId };
}

interface Outcome { issue?: { details?: { text?: string; coding?: { code?: string }[] } }[] }

function denialOf(answer: Answer, body: FhirResource, decisionId: string | undefined): Denied {
  const details = (body as Outcome).issue?.[0]?.details;
  const rule = details?.coding?.[0]?.code;
  if (rule === undefined) {
    const detail = details?.text;
    throw faultOf(detail === undefined ? answer : { ...answer, text: JSON.stringify({ detail }) });
  }
  return denied(rule, details?.text ?? "", decisionId, answer);
}

function resourcesOf(body: FhirResource): FhirResource[] {
  if (body.resourceType !== "Bundle") return [body];
  const entries = (body.entry ?? []) as { search?: { mode?: string }; resource?: FhirResource }[];
  return entries.filter((entry) => entry.search?.mode !== "outcome").flatMap((entry) => entry.resource ?? []);
}
