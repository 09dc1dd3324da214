/** The administrators' calls, as docs/api has them. */
import { callService, useSession, type ServiceCall, type SignedIn } from "@consentry/ui";
import { useMemo } from "react";
import type { components as Audit } from "../../../../sdk/js-sdk/src/generated/audit-pipeline.js";
import type { components as Auth } from "../../../../sdk/js-sdk/src/generated/auth-service.js";
import type { components as Indexer } from "../../../../sdk/js-sdk/src/generated/consent-indexer.js";
import type { components as Relay } from "../../../../sdk/js-sdk/src/generated/consent-relay.js";
import type { components as Gateway } from "../../../../sdk/js-sdk/src/generated/ehr-gateway.js";

export type Account = Auth["schemas"]["AccountView"];
export type AccountDetail = Auth["schemas"]["AccountDetail"];
export type Client = Auth["schemas"]["ClientView"];
export type ClientDocument = Auth["schemas"]["ClientDocument"];
export type Enrolment = Auth["schemas"]["EnrolmentView"];
export type EnrolmentRequest = Auth["schemas"]["EnrolmentRequest"];
export type SigningKey = Auth["schemas"]["KeyView"];
export type Organization = Auth["schemas"]["OrganizationView"];
export type Patient = Auth["schemas"]["PatientView"];
export type OpenRebinding = Auth["schemas"]["OpenRebinding"];
export type Proposal = Auth["schemas"]["ProposeRequest"];
export type Grantee = Indexer["schemas"]["GranteeRow"];
export type AsOf = Indexer["schemas"]["AsOf"];
export type Access = Audit["schemas"]["Access"];
export type Count = Audit["schemas"]["Count"];
export type RelayAccount = Relay["schemas"]["AccountView"];
export type GatewayState = Audit["schemas"]["GatewayState"];

/** A page, and how to ask for the next. */
export interface PageOf<T> { rows: T[]; next: string | undefined }

/** Pages that are read at most where a list is needed whole. */
const MOST_PAGES = 20;

/** A list that is needed whole. `isWhole` is false where it was cut. */
export interface Whole<T> { rows: T[]; isWhole: boolean }

async function whole<T>(page: (cursor: string | undefined) => Promise<PageOf<T>>): Promise<Whole<T>> {
  const rows: T[] = [];
  let cursor: string | undefined;
  for (let read = 0; read < MOST_PAGES; read++) {
    const { rows: more, next } = await page(cursor);
    rows.push(...more);
    if (next === undefined) return { rows, isWhole: true };
    cursor = next;
  }
  return { rows, isWhole: false };
}

/** All that the console asks. */
export function apiOf(signedIn: Pick<SignedIn, "session" | "deployment">) {
  const ask = <T>(service: Parameters<typeof callService>[1], path: string, call?: ServiceCall) => callService<T>(signedIn, service, path, call);
  const name = encodeURIComponent;
  const grantees = async (kind: "organizations" | "practitioners", signal?: AbortSignal): Promise<Whole<Grantee> & { asOf: AsOf }> => {
    let asOf: AsOf | undefined;
    const list = await whole<Grantee>(async (cursor) => {
      const page = await ask<{ asOf: AsOf; next?: string | null } & Partial<Record<typeof kind, Grantee[]>>>("indexer", `/v1/${kind}`, { query: { limit: 500, cursor }, signal });
      asOf ??= page.asOf;
      return { rows: page[kind] ?? [], next: page.next ?? undefined };
    });
    return { ...list, asOf: asOf as AsOf };
  };
  return {
    archivedCounts: (from: string, to: string, signal?: AbortSignal) => ask<Audit["schemas"]["Counts"]>("audit", "/v1/counts", { query: { from, to }, signal }).then(({ counts }) => counts),
    journalCounts: (from: string, to: string, signal?: AbortSignal) => ask<Gateway["schemas"]["Counts"]>("gateway", "/v1/counts", { query: { from, to }, signal }).then(({ counts }) => counts as Count[]),
    continuity: (signal?: AbortSignal) => ask<Audit["schemas"]["ContinuityReport"]>("audit", "/v1/continuity", { signal }).then(({ gateways }) => gateways),
    async accesses(patient: string, cursor: string | undefined, signal?: AbortSignal): Promise<PageOf<Access>> {
      const { accesses, next } = await ask<Audit["schemas"]["Accesses"]>("audit", "/v1/accesses", { query: { patient, cursor, limit: 50 }, signal });
      return { rows: accesses, next: next ?? undefined };
    },

    chainOrganizations: (signal?: AbortSignal) => grantees("organizations", signal),
    chainPractitioners: (signal?: AbortSignal) => grantees("practitioners", signal),
    directory: (signal?: AbortSignal) => whole<Organization>(async (cursor) => {
      const { organizations, next } = await ask<Auth["schemas"]["OrganizationPage"]>("auth", "/v1/organizations", { query: { limit: 200, cursor }, signal });
      return { rows: organizations, next: next ?? undefined };
    }),

    patient: (fhirId: string, signal?: AbortSignal) => ask<Patient>("auth", `/v1/patients/${name(fhirId)}`, { signal }),
    proposeRebinding: (body: Proposal) => ask<Auth["schemas"]["Proposed"]>("auth", "/v1/rebindings", { method: "POST", body }),
    rebindings: (signal?: AbortSignal) => ask<Auth["schemas"]["OpenRebindings"]>("auth", "/v1/rebindings/under-way", { signal }).then(({ rebindings }) => rebindings),
    confirmRebinding: (id: string) => ask<Auth["schemas"]["Confirmed"]>("auth", `/v1/rebindings/${name(id)}/confirm`, { method: "POST" }),

    async accounts(persona: string, cursor: string | undefined, signal?: AbortSignal): Promise<PageOf<Account>> {
      const { accounts, next } = await ask<Auth["schemas"]["AccountPage"]>("auth", "/v1/accounts", { query: { persona, cursor, limit: 100 }, signal });
      return { rows: accounts, next: next ?? undefined };
    },
    account: (id: string, signal?: AbortSignal) => ask<AccountDetail>("auth", `/v1/accounts/${name(id)}`, { signal }),
    closeAccount: (id: string) => ask<Account>("auth", `/v1/accounts/${name(id)}/disable`, { method: "POST" }),
    openAccount: (id: string) => ask<Account>("auth", `/v1/accounts/${name(id)}/enable`, { method: "POST" }),
    makeCode: (body: EnrolmentRequest) => ask<Enrolment>("auth", "/v1/enrolments", { method: "POST", body }),

    async clients(cursor: string | undefined, signal?: AbortSignal): Promise<PageOf<Client>> {
      const { clients, next } = await ask<Auth["schemas"]["ClientPage"]>("auth", "/v1/clients", { query: { cursor, limit: 100 }, signal });
      return { rows: clients, next: next ?? undefined };
    },
    client: (id: string, signal?: AbortSignal) => ask<Client>("auth", `/v1/clients/${name(id)}`, { signal }),
    putClient: (id: string, body: ClientDocument) => ask<Client>("auth", `/v1/clients/${name(id)}`, { method: "PUT", body }),
    closeClient: (id: string) => ask<Client>("auth", `/v1/clients/${name(id)}`, { method: "DELETE" }),
    openClient: (id: string) => ask<Client>("auth", `/v1/clients/${name(id)}/enable`, { method: "POST" }),

    relayAccount: (signal?: AbortSignal) => ask<RelayAccount>("relay", "/v1/account", { signal }),

    keys: (signal?: AbortSignal) => ask<Auth["schemas"]["KeyList"]>("auth", "/v1/keys", { signal }).then(({ keys }) => keys),
    rotateKeys: () => ask<SigningKey>("auth", "/v1/keys/rotate", { method: "POST" }),
    compromiseKey: (kid: string) => ask<Auth["schemas"]["KeyList"]>("auth", `/v1/keys/${name(kid)}/compromise`, { method: "POST" }).then(({ keys }) => keys),
  };
}

export type Api = ReturnType<typeof apiOf>;

/** The calls, by the session of who is signed in. */
export function useApi(): Api {
  const signedIn = useSession();
  return useMemo(() => apiOf(signedIn), [signedIn]);
}
