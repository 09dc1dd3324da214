/** What the indexer knows, read for those who sign and those who wait. */
import { ConsentryError } from "../errors.js";
import type { components } from "../generated/consent-indexer.js";
import type { Address, Hex } from "../hex.js";
import { consentOf, type Consent, type ConsentKey, type ConsentStatus } from "./consent.js";
import type { Context } from "./context.js";

type Schemas = components["schemas"];

/** A subject's counters. */
export type Subject = Schemas["SubjectRow"];

/** One change of a consent. */
export interface Change {
  readonly kind: Schemas["ChangeKind"];
  readonly cause: Schemas["Cause"];
  readonly consent: Consent;
  readonly revision: number;
}

/** Which consents to list: name a subject or a grantee. A patient's and a provider's token narrow it to their own. */
export interface ConsentFilter extends Partial<ConsentKey> {
  readonly status?: ConsentStatus;
  readonly signal?: AbortSignal;
}

export class Ledger {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async *list({ subject, grantee, scopeId, status, signal }: ConsentFilter): AsyncGenerator<Consent, void, undefined> {
    let cursor: string | undefined;
    do {
      const query = { patient: subject, grantee, scope: scopeId, status, cursor };
      const page = await this.#context.indexed<Schemas["ConsentPage"]>({ path: "/v1/consents", query, signal });
      yield* page.consents.map(consentOf);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
  }

  async get(id: Hex, signal?: AbortSignal): Promise<Consent> {
    const { consent } = await this.#context.indexed<Schemas["SingleConsent"]>({ path: `/v1/consents/${id}`, signal });
    return consentOf(consent);
  }

  /** The same, or nothing where there is no such consent for this caller. */
  async find(id: Hex, signal?: AbortSignal): Promise<Consent | undefined> {
    try {
      return await this.get(id, signal);
    } catch (error) {
      if (error instanceof ConsentryError && error.code === "NOT_FOUND") return undefined;
      throw error;
    }
  }

  async subject(address: Address, signal?: AbortSignal): Promise<Subject> {
    const { subject } = await this.#context.indexed<Schemas["SingleSubject"]>({ path: `/v1/subjects/${address}`, signal });
    return subject;
  }

  async *delegates(subject: Address, signal?: AbortSignal): AsyncGenerator<Schemas["DelegateRow"], void, undefined> {
    let cursor: string | undefined;
    do {
      const page = await this.#context.indexed<Schemas["DelegatePage"]>({ path: `/v1/subjects/${subject}/delegates`, query: { cursor }, signal });
      yield* page.delegates;
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
  }

  /** The chain and how far it is indexed. */
  async chain(signal?: AbortSignal): Promise<Schemas["ChainStatus"]> {
    const status = await this.#context.json<Schemas["ChainStatus"]>("indexer", { path: "/v1/chain", signal });
    this.#context.mustBeHere(status);
    return status;
  }

  async *changes(after: number, signal?: AbortSignal): AsyncGenerator<Change, void, undefined> {
    let next: number | undefined = after;
    do {
      const page: Schemas["ChangePage"] = await this.#context.indexed<Schemas["ChangePage"]>({ path: "/v1/changes", query: { after: next, limit: 500 }, signal });
      for (const { kind, cause, consent, rev } of page.changes) yield { kind, cause, consent: consentOf(consent), revision: rev };
      next = page.next ?? undefined;
    } while (next !== undefined);
  }
}
