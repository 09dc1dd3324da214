/**
 * For command lines: a sign-in in the person's browser that comes back to a port of this machine (RFC 8252).
 *
 * @module
 */
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { orAborted } from "./http.js";
import { beginSignIn, PersonSession, type App, type SignInRequest } from "./auth/code.js";

/** What the person sees when they may close the window. */
const DONE = "<!doctype html><html lang=en><meta charset=utf-8><title>Signed in</title><p>You can close this window and go back to the command line.";

/** A sign-in for a command line. `open` shows the address to the person, or starts a browser with it. */
export async function loopbackSignIn(
  app: Omit<App, "redirectUri"> & { path?: string },
  request: SignInRequest,
  open: (url: string) => unknown,
  options: { dpop?: boolean; signal?: AbortSignal } = {},
): Promise<PersonSession> {
  const path = app.path ?? "/callback";
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const registered = { ...app, redirectUri: `http://127.0.0.1:${port}${path}` };
    const [session, signIn] = [await PersonSession.open(registered, options), await beginSignIn(registered, request)];
    const cameBack = new Promise<string>((resolve) => {
      server.on("request", (asked, answer) => {
        const url = new URL(asked.url ?? "/", registered.redirectUri);
        const isIt = url.pathname === path && url.searchParams.get("state") === signIn.state;
        answer.writeHead(isIt ? 200 : 404, { "content-type": "text/html; charset=utf-8", connection: "close" }).end(isIt ? DONE : "");
        if (isIt) resolve(url.href);
      });
    });
    await open(signIn.url);
    await session.complete(signIn, await orAborted(cameBack, options.signal), options.signal);
    return session;
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
