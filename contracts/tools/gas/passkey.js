// A patient's passkey: what a browser and an authenticator would answer, from a fixed key and without randomness, so
// that the call data is the same each time. For measuring only.
"use strict";

const { createECDH, createHash } = require("node:crypto");
const { run } = require("../common/run.js");

/** Order of the group of P-256. */
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const RP_ID = "patients.example";
const FLAGS_UP_UV = 0x05;
// The verifier takes the fields of its struct as they are; text is encoded like bytes.
const ENCODED = "f(bytes32,bytes32,uint256,uint256,bytes,bytes)";

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const toNumber = (bytes) => BigInt(`0x${bytes.toString("hex")}`);
const toHex = (number) => `0x${number.toString(16).padStart(64, "0")}`;

/** The point `scalar` times the generator. */
function point(scalar) {
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(Buffer.from(toHex(scalar).slice(2), "hex"));
  const bytes = ecdh.getPublicKey();
  return { x: toNumber(bytes.subarray(1, 33)), y: toNumber(bytes.subarray(33)) };
}

/** `base` to the power of `exponent`, modulo the order. */
function power(base, exponent) {
  let result = 1n;
  for (let square = base; exponent > 0n; exponent >>= 1n, square = (square * square) % N) {
    if (exponent & 1n) result = (result * square) % N;
  }
  return result;
}

class Passkey {
  constructor(verifier, seed) {
    this.secret = (toNumber(sha256(seed)) % (N - 1n)) + 1n;
    const { x, y } = point(this.secret);
    /** The ERC-7913 signer: verifier, then key. */
    this.signer = verifier.toLowerCase() + toHex(x).slice(2) + toHex(y).slice(2);
    const tag = Buffer.from("Consentry ERC-7913 signer").toString("hex");
    /** The address that stands for it. */
    this.id = `0x${run("cast", "keccak", `0x${tag}${this.signer.slice(2)}`).slice(-40)}`;
  }

  /** r and s, the smaller of both, over a SHA-256 hash. */
  signHash(hash) {
    const nonce = (toNumber(sha256(Buffer.from(toHex(this.secret)), hash)) % (N - 1n)) + 1n;
    const r = point(nonce).x % N;
    const s = (power(nonce, N - 2n) * (toNumber(hash) + r * this.secret)) % N;
    return { r, s: s > N / 2n ? N - s : s };
  }

  /** The proof of a digest: the assertion that `navigator.credentials.get` gives for it as the challenge. */
  prove(digest) {
    const challenge = Buffer.from(digest.slice(2), "hex").toString("base64url");
    const fields = { type: "webauthn.get", challenge, origin: `https://${RP_ID}`, crossOrigin: false };
    const clientData = JSON.stringify(fields);
    const counter = Buffer.alloc(4);
    const authenticatorData = Buffer.concat([sha256(RP_ID), Buffer.from([FLAGS_UP_UV]), counter]);
    const { r, s } = this.signHash(sha256(authenticatorData, sha256(clientData)));
    const indexes = [clientData.indexOf('"challenge"'), clientData.indexOf('"type"')].map(String);
    const parts = [authenticatorData, Buffer.from(clientData)].map((part) => `0x${part.toString("hex")}`);
    return { signer: this.signer, signature: run("cast", "abi-encode", ENCODED, toHex(r), toHex(s), ...indexes, ...parts) };
  }
}

module.exports = { Passkey };
