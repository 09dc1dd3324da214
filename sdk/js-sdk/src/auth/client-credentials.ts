import { Http, type HttpOptions } from "../http.js";
import { importKey, ProofKey, signJwt, type SigningKey } from "./jose.js";
import { askForToken, headersOf, TokenCache, tokenOf, type Auth } from "./tokens.js";

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const ASSERTION_LIFE = 60;

/** A backend with a registered key. */
export interface ClientCredentials extends HttpOptions {
  /** The issuer: auth-service's public address. */
  readonly issuer: string;
  readonly clientId: string;
  /** The private key, P-256. */
  readonly privateKey: SigningKey;
  /** The key's id as registered; the JWK's own `kid` if absent. */
  readonly kid?: string;
  /** Scopes to ask for, separated by spaces. Each token has those of them that the client is registered for. */
  readonly scope: string;
  /** Bind tokens to a key of this process (DPoP). */
  readonly dpop?: boolean;
}

/** Authorization of a backend: `client_credentials` with `private_key_jwt`. */
export function clientCredentials(options: ClientCredentials): Auth {
  const { issuer, clientId, privateKey, scope } = options;
  const kid = options.kid ?? (privateKey instanceof CryptoKey ? undefined : privateKey.kid);
  const http = new Http(options);
  const cache = new TokenCache();
  const key = importKey(privateKey);
  key.catch(() => undefined);
  const proofKey = options.dpop ? ProofKey.generate() : Promise.resolve(undefined);

  const assertion = async () => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: clientId, sub: clientId, aud: issuer, jti: crypto.randomUUID(), iat: now, exp: now + ASSERTION_LIFE };
    return signJwt(await key, { typ: "JWT", ...(kid !== undefined && { kid }) }, claims);
  };
  return {
    async headers({ audience, purpose, signal }, method, url, isRenewed = false) {
      const bound = await proofKey;
      const token = await cache.get(JSON.stringify([audience, purpose]), isRenewed, async () => {
        const form = async () => ({
          grant_type: "client_credentials", client_assertion_type: ASSERTION_TYPE, client_assertion: await assertion(),
          scope, resource: audience, ...(purpose !== undefined && { purpose_of_use: purpose }),
        });
        // Another token instead of one whose answer was lost changes nothing.
        return tokenOf(await askForToken(http, issuer, form, { proofKey: bound, idempotent: true, signal }), bound);
      });
      return headersOf(token, bound, method, url);
    },
  };
}
