import { expect, test } from "vitest";
import type { Client } from "./api.js";
import { documentOf, fromFields, NO_FIELDS, readDocument } from "./client-document.js";

const KEY = { kty: "EC", crv: "P-256", x: "x", y: "y" };
const service = { ...NO_FIELDS, clientId: "lab-backend", scopes: "system:consent.read\nsystem:audit.read", audiences: "http://localhost:7002", jwks: JSON.stringify({ keys: [KEY] }) };

test("a service has keys, an app has places to come back to", () => {
  expect(fromFields(service)).toEqual({ document: {
    clientId: "lab-backend", persona: "system", scopes: ["system:consent.read", "system:audit.read"], audiences: ["http://localhost:7002"],
    grantTypes: ["client_credentials"], tokenEndpointAuthMethod: "private_key_jwt", jwks: { keys: [KEY] },
  } });
  expect(fromFields({ ...service, kind: "app", persona: "patient", redirectUris: "https://app.example/callback" })).toMatchObject({ document: { tokenEndpointAuthMethod: "none", redirectUris: ["https://app.example/callback"] } });
  expect(fromFields({ ...service, kind: "app" })).toEqual({ wrong: ["redirectUris"] });
});

test("a private key is not handed over, alone or in a set", () => {
  expect(fromFields({ ...service, jwks: JSON.stringify(KEY) })).toHaveProperty("document");
  expect(fromFields({ ...service, jwks: JSON.stringify({ ...KEY, d: "secret" }) })).toEqual({ wrong: ["jwks"] });
  expect(fromFields({ ...service, jwks: JSON.stringify({ keys: [KEY, { ...KEY, d: "secret" }] }) })).toEqual({ wrong: ["jwks"] });
});

test("every field that is missing is named", () => {
  expect(fromFields({ ...NO_FIELDS, persona: "provider", clientId: "a b" })).toEqual({ wrong: ["clientId", "scopes", "audiences", "jwks", "organization"] });
});

test("what a client is becomes what would register it so, without what the service adds", () => {
  const client = { clientId: "a", persona: "system", scopes: ["s"], audiences: ["b"], origin: "api", status: "enabled", updatedAt: "2026-01-01T00:00:00Z" } as Client;
  const document = documentOf(client);
  expect(document).toEqual({ clientId: "a", persona: "system", scopes: ["s"], audiences: ["b"] });
  expect(readDocument(JSON.stringify(document))).toEqual(document);
  expect(readDocument(JSON.stringify({ ...document, origin: "api" }))).toBeUndefined();
  expect(readDocument("{}")).toBeUndefined();
});
