/** `0x` and hexadecimal digits. */
export type Hex = `0x${string}`;
/** An address on the chain. */
export type Address = Hex;

const ADDRESS = /^0x[0-9a-fA-F]{40}$/;
const HASH = /^0x[0-9a-fA-F]{64}$/;
const BYTES = /^0x(?:[0-9a-fA-F]{2})*$/;

export function isAddress(value: unknown): value is Address {
  return typeof value === "string" && ADDRESS.test(value);
}

export function isHash(value: unknown): value is Hex {
  return typeof value === "string" && HASH.test(value);
}

export function isBytes(value: unknown): value is Hex {
  return typeof value === "string" && BYTES.test(value);
}

export function sameHex(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
