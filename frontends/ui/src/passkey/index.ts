/** Passkeys that decide. */
export { forgetCredentials, publicKeyOf, type KnownPasskey, type PublicKey } from "./known.js";
export { foundPasskey, makePasskey } from "./passkey.js";
