/** Passkeys that decide. */
export { credentialOf, forgetCredentials, publicKeyOf, type KnownPasskey, type PublicKey } from "./known.js";
export { foundPasskey, makePasskey } from "./passkey.js";
