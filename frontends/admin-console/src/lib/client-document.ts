/** A client as it is written: from fields, and from JSON. */
import * as v from "valibot";
import type { Client, ClientDocument } from "./api.js";

const texts = v.array(v.string());
const optionalText = v.optional(v.nullable(v.string()));

/** `ClientDocument` of docs/api/auth-service.json. The service checks the rest. */
const Document = v.strictObject({
  clientId: v.optional(v.string()), name: optionalText, persona: v.string(), organization: optionalText,
  scopes: texts, audiences: texts, purposes: v.optional(texts), grantTypes: v.optional(texts), tokenEndpointAuthMethod: v.optional(v.string()),
  redirectUris: v.optional(texts), postLogoutRedirectUris: v.optional(texts), firstParty: v.optional(v.boolean()), requireDpop: v.optional(v.boolean()), resources: v.optional(texts),
  jwks: v.optional(v.strictObject({ keys: v.array(v.record(v.string(), v.unknown())) })),
});

/** A document that somebody wrote or pasted, or nothing where it is none. */
export function readDocument(text: string): ClientDocument | undefined {
  try {
    const result = v.safeParse(Document, JSON.parse(text));
    return result.success ? (result.output as ClientDocument) : undefined;
  } catch {
    return undefined;
  }
}

/** A registered client as the document that would register it so. */
export function documentOf({ origin: _origin, status: _status, updatedAt: _updatedAt, ...document }: Client): ClientDocument {
  return document as ClientDocument;
}

/** The fields of the form. Lists are lines of text. */
export interface ClientFields {
  clientId: string; name: string; persona: "patient" | "provider" | "admin" | "system"; kind: "service" | "app"; organization: string;
  scopes: string; audiences: string; purposes: string; redirectUris: string; jwks: string;
}

export const NO_FIELDS: ClientFields = { clientId: "", name: "", persona: "system", kind: "service", organization: "", scopes: "", audiences: "", purposes: "", redirectUris: "", jwks: "" };

/** A field that is missing or wrong. */
export type FieldError = "clientId" | "scopes" | "audiences" | "redirectUris" | "jwks" | "organization";

const ID = /^[\w.~:-]{1,128}$/;
const lines = (text: string) => text.split(/\s+/).filter(Boolean);

/** The fields as a document, or which of them are wrong. A service signs with keys of its own; an app has none. */
export function fromFields(fields: ClientFields): { document: ClientDocument } | { wrong: FieldError[] } {
  const isApp = fields.kind === "app";
  const jwks = isApp ? undefined : keysOf(fields.jwks);
  const wrong: FieldError[] = [];
  if (!ID.test(fields.clientId.trim())) wrong.push("clientId");
  if (lines(fields.scopes).length === 0) wrong.push("scopes");
  if (lines(fields.audiences).length === 0) wrong.push("audiences");
  if (isApp && (lines(fields.redirectUris).length === 0 || !lines(fields.redirectUris).every((uri) => URL.canParse(uri)))) wrong.push("redirectUris");
  if (!isApp && jwks === undefined) wrong.push("jwks");
  if (!isApp && fields.persona === "provider" && fields.organization.trim() === "") wrong.push("organization");
  if (wrong.length > 0) return { wrong };
  return {
    document: {
      clientId: fields.clientId.trim(), persona: fields.persona, scopes: lines(fields.scopes), audiences: lines(fields.audiences),
      ...(fields.name.trim() !== "" && { name: fields.name.trim() }),
      ...(lines(fields.purposes).length > 0 && { purposes: lines(fields.purposes) }),
      ...(isApp
        ? { grantTypes: ["authorization_code", "refresh_token"], tokenEndpointAuthMethod: "none", redirectUris: lines(fields.redirectUris) }
        : { grantTypes: ["client_credentials"], tokenEndpointAuthMethod: "private_key_jwt", jwks, ...(fields.organization.trim() !== "" && { organization: fields.organization.trim() }) }),
    } as ClientDocument,
  };
}

function keysOf(text: string): ClientDocument["jwks"] | undefined {
  const given = readKeys(text);
  // A private key must never be handed over; `d` is what makes one.
  return given === undefined || given.keys.length === 0 || given.keys.some((key) => "d" in key) ? undefined : (given as ClientDocument["jwks"]);
}

function readKeys(text: string): { keys: Record<string, unknown>[] } | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    const set = v.safeParse(v.object({ keys: v.array(v.record(v.string(), v.unknown())) }), value);
    if (set.success) return set.output;
    const one = v.safeParse(v.looseObject({ kty: v.string() }), value);
    return one.success ? { keys: [one.output] } : undefined;
  } catch {
    return undefined;
  }
}
