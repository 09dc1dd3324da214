import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The repository. Tests run in build/test/unit. */
export const root = fileURLToPath(new URL("../../../../../", import.meta.url));

/** A file of sdk/vectors. */
export function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(`${root}sdk/vectors/${name}.json`, "utf8")) as T;
}
