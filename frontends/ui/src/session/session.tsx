import { createConsentry, type Consentry, type Deployment, type Signer } from "@consentry/sdk";
import { browserDeployment, browserSession, type BrowserSession, type Identity } from "@consentry/sdk/browser";
import { useQueryClient } from "@tanstack/react-query";
import { createContext, use, useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";

/** Why nobody is signed in any more. */
export type Ending = "ended" | "idle" | "expired";

type State =
  | { at: "loading" }
  | { at: "signed-out"; why?: Ending }
  | { at: "signed-in"; session: BrowserSession; deployment: Deployment }
  | { at: "unreachable"; error: unknown };

/** Somebody signed in, and what they can do. */
export interface SignedIn {
  readonly identity: Identity;
  readonly session: BrowserSession;
  readonly deployment: Deployment;
  /** Reads, and whatever needs no signature. */
  readonly consentry: Consentry;
  /** The same for one who signs. */
  withSigner(signer: Signer): Consentry;
  /** Ends the session, here and at the issuer, and leaves nothing of it in memory. */
  signOut(): Promise<void>;
}

interface Provided { state: State; signOut: (why: Ending) => Promise<void>; reload: () => void }

const SessionContext = createContext<Provided | undefined>(undefined);

/** Tells the application's other windows, so that records leave their screens too. It carries no data. */
const CHANNEL = "consentry.session-ended";

/** Somebody at this page, and what it works on. */
interface Found { session: BrowserSession; deployment: Deployment }

/** Looks who is signed in. Both answers are asked for at once: on a slow line each round trip is felt. */
export async function findSession(signal?: AbortSignal): Promise<Found | undefined> {
  const options = signal && { signal };
  const asked = browserDeployment(options);
  // Where nobody is signed in, nobody waits for it.
  asked.catch(() => undefined);
  const session = await browserSession(options);
  return session && { session, deployment: await asked };
}

/** Knows who is signed in, and clears everything that was read as soon as nobody is. */
export function SessionProvider({ first, children }: { first: Promise<Found | undefined>; children: ReactNode }) {
  const [state, setState] = useState<State>({ at: "loading" });
  const [attempt, setAttempt] = useState(0);
  const queries = useQueryClient();
  const channel = useRef<BroadcastChannel>(undefined);

  const forget = useCallback((why: Ending) => {
    // What is on its way is dropped as well, so that nothing comes back into memory afterwards.
    void queries.cancelQueries();
    queries.clear();
    setState({ at: "signed-out", why });
  }, [queries]);

  useEffect(() => {
    const own = new BroadcastChannel(CHANNEL);
    // With the reason: after an idle lock this window, too, must not let anybody in without asking.
    own.onmessage = ({ data }: MessageEvent<Ending>) => forget(data);
    channel.current = own;
    // A page that the browser kept would show records again after the session's end.
    const shown = (event: PageTransitionEvent) => {
      if (event.persisted) location.reload();
    };
    addEventListener("pageshow", shown);
    return () => {
      own.close();
      removeEventListener("pageshow", shown);
    };
  }, [forget]);

  useEffect(() => {
    const aborter = new AbortController();
    let stopListening = () => {};
    const begin = async () => {
      try {
        const found = await (attempt === 0 ? first : findSession(aborter.signal));
        if (aborter.signal.aborted) return;
        if (found === undefined) return setState((before) => (before.at === "signed-out" ? before : { at: "signed-out" }));
        stopListening = found.session.onEnded(() => forget("expired"));
        setState({ at: "signed-in", ...found });
      } catch (error) {
        if (!aborter.signal.aborted) setState({ at: "unreachable", error });
      }
    };
    void begin();
    return () => {
      aborter.abort();
      stopListening();
    };
  }, [attempt, first, forget]);

  const signOut = useCallback(async (why: Ending) => {
    const session = state.at === "signed-in" ? state.session : undefined;
    forget(why);
    channel.current?.postMessage(why);
    if (session === undefined) return;
    const url = await session.end();
    if (why === "ended") location.assign(url);
  }, [state, forget]);

  const reload = useCallback(() => {
    setState({ at: "loading" });
    setAttempt((before) => before + 1);
  }, []);

  const provided = useMemo(() => ({ state, signOut, reload }), [state, signOut, reload]);
  return <SessionContext value={provided}>{children}</SessionContext>;
}

/** The session in whatever state it is. */
export function useSessionState(): Provided {
  const provided = use(SessionContext);
  if (provided === undefined) throw new TypeError("there is no SessionProvider around this");
  return provided;
}

/** Somebody signed in. Only below {@link SignedInOnly}. */
export function useSession(): SignedIn {
  const { state, signOut } = useSessionState();
  // A screen that is about to go is drawn once more after the end; it keeps what it had for that moment.
  const last = useRef(state);
  if (state.at === "signed-in") last.current = state;
  const current = last.current;
  if (current.at !== "signed-in") throw new TypeError("nobody is signed in here");
  const { session, deployment } = current;
  return useMemo(() => ({
    identity: session.identity, session, deployment,
    consentry: createConsentry({ deployment, auth: session }),
    withSigner: (signer: Signer) => createConsentry({ deployment, auth: session, signer }),
    signOut: () => signOut("ended"),
  }), [session, deployment, signOut]);
}
