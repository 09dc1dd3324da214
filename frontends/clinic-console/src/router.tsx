import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import * as v from "valibot";
import { Frame } from "./frame.js";
import { FILTERS, SORTS } from "./lib/worklist.js";

const root = createRootRoute({ component: Frame });
const under = <const Path extends string>(path: Path) => ({ getParentRoute: () => root, path });

/** What the address bar may say; what it says wrongly is as if it said nothing. */
const List = v.object({
  status: v.optional(v.fallback(v.picklist(FILTERS), "ALL"), "ALL"), sort: v.optional(v.fallback(v.picklist(SORTS), "newest"), "newest"), page: v.optional(v.fallback(v.pipe(v.number(), v.integer(), v.minValue(1)), 1), 1),
});
const Again = v.object({ again: v.optional(v.fallback(v.optional(v.pipe(v.string(), v.regex(/^0x[0-9a-fA-F]{64}$/))), undefined)) });

type Search<S extends v.GenericSchema> = v.InferInput<S>;

const worklist = createRoute({ ...under("/"), validateSearch: (search: Search<typeof List>) => v.parse(List, search), component: lazyRouteComponent(() => import("./screens/worklist.js"), "WorklistScreen") });
const ask = createRoute({ ...under("/ask"), validateSearch: (search: Search<typeof Again>) => v.parse(Again, search), component: lazyRouteComponent(() => import("./screens/ask.js"), "AskScreen") });
const consent = createRoute({ ...under("/consents/$id"), component: lazyRouteComponent(() => import("./screens/consent.js"), "ConsentScreen") });
const records = createRoute({ ...under("/consents/$id/records"), component: lazyRouteComponent(() => import("./screens/records.js"), "RecordsScreen") });
const keys = createRoute({ ...under("/keys"), component: lazyRouteComponent(() => import("./screens/keys.js"), "KeysScreen") });
const ourCode = createRoute({ ...under("/our-code"), component: lazyRouteComponent(() => import("./screens/our-code.js"), "OurCodeScreen") });

/** Every screen, each fetched when it is first shown. Scroll positions are not restored: they would be kept by the address of what was looked at. */
export const router = createRouter({ routeTree: root.addChildren([worklist, ask, consent, records, ourCode, keys]), defaultPreload: "intent" });

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
