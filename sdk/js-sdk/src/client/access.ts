import type { components } from "../generated/audit-pipeline.js";
import type { Context } from "./context.js";

/** One decision, as archived. */
export type Access = components["schemas"]["Access"];

/** Who looked. */
export class AccessLog {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Decisions about a patient, newest first, refusals too. */
  async *list({ patient, signal }: { patient: string; signal?: AbortSignal }): AsyncGenerator<Access, void, undefined> {
    let cursor: string | undefined;
    do {
      const page: components["schemas"]["Accesses"] = await this.#context.json<components["schemas"]["Accesses"]>("audit", { path: "/v1/accesses", query: { patient, cursor }, signal });
      yield* page.accesses;
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
  }
}
