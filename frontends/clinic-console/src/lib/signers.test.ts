import { afterEach, describe, expect, test } from "vitest";
import { developmentKey, enterDevelopmentKey, forgetKeys, signerBy } from "./signers.js";

const KEY = `0x${"11".repeat(32)}`;
const ADDRESS = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A";

afterEach(() => {
  forgetKeys();
  delete window.ethereum;
});

describe("the development key", () => {
  test("signs for an address that may ask, until it is forgotten", async () => {
    enterDevelopmentKey(` ${KEY}\n`, [ADDRESS.toLowerCase() as `0x${string}`]);
    expect((await signerBy("development", [ADDRESS])).address).toBe(ADDRESS);
    forgetKeys();
    await expect(signerBy("development", [ADDRESS])).rejects.toMatchObject({ code: "SIGNER_UNAVAILABLE" });
  });

  test("of somebody else is not kept, and what is no key is refused", () => {
    expect(() => enterDevelopmentKey(KEY, ["0x0000000000000000000000000000000000000001"])).toThrow(expect.objectContaining({ code: "SIGNER_WRONG_ACCOUNT" }));
    expect(() => enterDevelopmentKey(`${KEY}0`, [ADDRESS])).toThrow(expect.objectContaining({ code: "INVALID_REQUEST" }));
    expect(developmentKey()).toBeUndefined();
  });
});

describe("the wallet", () => {
  test("must be there and show an account that may ask", async () => {
    await expect(signerBy("wallet", [ADDRESS])).rejects.toMatchObject({ code: "SIGNER_UNAVAILABLE" });
    window.ethereum = { request: async () => [ADDRESS] };
    expect((await signerBy("wallet", [ADDRESS])).address).toBe(ADDRESS);
    await expect(signerBy("wallet", ["0x0000000000000000000000000000000000000001"])).rejects.toMatchObject({ code: "SIGNER_WRONG_ACCOUNT" });
  });

  test("that says no is a refusal", async () => {
    window.ethereum = { request: async () => { throw Object.assign(new Error("no"), { code: 4001 }); } };
    await expect(signerBy("wallet", [ADDRESS])).rejects.toMatchObject({ code: "SIGNER_REFUSED" });
  });
});
