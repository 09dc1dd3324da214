import type { Fetch } from "../../src/index.js";

/** A request as a service would see it. */
export interface Seen {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: string;
  readonly signal: AbortSignal | null | undefined;
  readonly credentials: RequestCredentials | undefined;
}

type Reply = { status?: number; json?: unknown; text?: string; headers?: Record<string, string> } | Error;

/** Services that answer as told; for what real ones cannot be made to do. */
export function services(answer: (seen: Seen, count: number) => Reply | Promise<Reply>): { fetch: Fetch; seen: Seen[] } {
  const seen: Seen[] = [];
  const fetch: Fetch = async (url, init) => {
    const request: Seen = { method: init.method ?? "GET", url: new URL(url), headers: new Headers(init.headers), body: String(init.body ?? ""), signal: init.signal, credentials: init.credentials };
    seen.push(request);
    const reply = await answer(request, seen.length);
    if (reply instanceof Error) throw reply;
    const { status = 200, json, text, headers } = reply;
    return new Response(status === 204 ? null : (text ?? JSON.stringify(json ?? {})), { status, headers: headers ?? {} });
  };
  return { fetch, seen };
}

export const problem = (status: number, slug: string, detail = "What to do.") => ({
  status, json: { type: `https://consentry.example/problems/${slug}`, title: slug, status, detail, corrId: "ab".repeat(16) },
});
