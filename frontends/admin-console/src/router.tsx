import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import * as v from "valibot";
import { Frame } from "./frame.js";

const root = createRootRoute({ component: Frame });
const at = { getParentRoute: () => root };

/** What may be changed, where a list leads to the form. Anything else in the address is left out. */
const ChangeSearch = v.object({
  kind: v.optional(v.fallback(v.optional(v.picklist(["organization", "practitioner"])), undefined)),
  address: v.optional(v.fallback(v.optional(v.pipe(v.string(), v.regex(/^0x[0-9a-fA-F]{40}$/))), undefined)),
});

const routes = [
  createRoute({ ...at, path: "/", component: lazyRouteComponent(() => import("./screens/home.js"), "Home") }),
  createRoute({ ...at, path: "/decisions", component: lazyRouteComponent(() => import("./screens/decisions.js"), "Decisions") }),
  createRoute({ ...at, path: "/accesses", component: lazyRouteComponent(() => import("./screens/accesses.js"), "Accesses") }),
  createRoute({ ...at, path: "/organizations", component: lazyRouteComponent(() => import("./screens/registry.js"), "Registry") }),
  createRoute({ ...at, path: "/organizations/change", validateSearch: (search) => v.parse(ChangeSearch, search), component: lazyRouteComponent(() => import("./screens/change.js"), "ChangePage") }),
  createRoute({ ...at, path: "/accounts", component: lazyRouteComponent(() => import("./screens/accounts.js"), "Accounts") }),
  createRoute({ ...at, path: "/accounts/code", component: lazyRouteComponent(() => import("./screens/code.js"), "Code") }),
  createRoute({ ...at, path: "/accounts/$id", component: lazyRouteComponent(() => import("./screens/account.js"), "AccountPage") }),
  createRoute({ ...at, path: "/lost-keys", component: lazyRouteComponent(() => import("./screens/lost-keys.js"), "LostKeys") }),
  createRoute({ ...at, path: "/clients", component: lazyRouteComponent(() => import("./screens/clients.js"), "Clients") }),
  createRoute({ ...at, path: "/clients/new", component: lazyRouteComponent(() => import("./screens/client-new.js"), "ClientNew") }),
  createRoute({ ...at, path: "/clients/$id", component: lazyRouteComponent(() => import("./screens/client.js"), "ClientPage") }),
  createRoute({ ...at, path: "/keys", component: lazyRouteComponent(() => import("./screens/keys.js"), "Keys") }),
] as const;

/** Every screen, each fetched when it is first shown. */
export const router = createRouter({ routeTree: root.addChildren(routes), defaultPreload: "intent" });

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
