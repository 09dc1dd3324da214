/** Passkeys that decide. */
export { credentialOf, forgetCredentials, publicKeyOf, type PublicKey } from "./known.js";
export { foundPasskey, makePasskey } from "./passkey.js";
