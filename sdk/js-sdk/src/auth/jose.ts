/** The little of JOSE that this needs: ES256 by WebCrypto. */

/** A private key that signs with ES256: a key of WebCrypto, or a JWK. */
export type SigningKey = CryptoKey | (JsonWebKey & { kid?: string });

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };

export function base64url(bytes: Uint8Array | ArrayBuffer): string {
  const binary = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

export async function sha256(text: string): Promise<string> {
  return base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

export function randomToken(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

export async function importKey(key: SigningKey): Promise<CryptoKey> {
  if (key instanceof CryptoKey) return key;
  const { kty, crv, x, y, d } = key;
  return crypto.subtle.importKey("jwk", { kty, crv, x, y, d } as JsonWebKey, ALGORITHM, false, ["sign"]);
}

/** A compact JWS. */
export async function signJwt(key: CryptoKey, header: object, claims: object): Promise<string> {
  const part = (value: object) => base64url(new TextEncoder().encode(JSON.stringify(value)));
  const input = `${part({ alg: "ES256", ...header })}.${part(claims)}`;
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, new TextEncoder().encode(input));
  return `${input}.${base64url(signature)}`;
}

/** A key that binds tokens to this program (DPoP, RFC 9449). Its private half cannot be read out. */
export class ProofKey {
  private constructor(readonly key: CryptoKey, readonly jwk: object) {}

  static async generate(): Promise<ProofKey> {
    const pair = (await crypto.subtle.generateKey(ALGORITHM, false, ["sign"])) as CryptoKeyPair;
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
    return new ProofKey(pair.privateKey, { kty, crv, x, y });
  }

  /** The proof for one request. */
  async prove(method: string, url: string, token?: string): Promise<string> {
    const { origin, pathname } = new URL(url);
    const claims = { jti: crypto.randomUUID(), htm: method, htu: `${origin}${pathname}`, iat: Math.floor(Date.now() / 1000) };
    const ath = token === undefined ? {} : { ath: await sha256(token) };
    return signJwt(this.key, { typ: "dpop+jwt", jwk: this.jwk }, { ...claims, ...ath });
  }
}
