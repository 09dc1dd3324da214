import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { Frame } from "./frame.js";

const root = createRootRoute({ component: Frame });
const under = <const Path extends string>(path: Path) => ({ getParentRoute: () => root, path });

const home = createRoute({ ...under("/"), component: lazyRouteComponent(() => import("./screens/home.js"), "Home") });
const requests = createRoute({ ...under("/requests"), component: lazyRouteComponent(() => import("./screens/requests.js"), "Requests") });
const request = createRoute({ ...under("/requests/$id"), component: lazyRouteComponent(() => import("./screens/request.js"), "RequestScreen") });
const consents = createRoute({ ...under("/consents"), component: lazyRouteComponent(() => import("./screens/consents.js"), "ConsentsScreen") });
const consent = createRoute({ ...under("/consents/$id"), component: lazyRouteComponent(() => import("./screens/consent.js"), "ConsentScreen") });
const receipt = createRoute({ ...under("/consents/$id/receipt"), component: lazyRouteComponent(() => import("./screens/receipt.js"), "Receipt") });
const give = createRoute({ ...under("/give"), component: lazyRouteComponent(() => import("./screens/give.js"), "Give") });
const giveSteps = createRoute({ getParentRoute: () => give, path: "$step", component: lazyRouteComponent(() => import("./screens/give-steps.js"), "GiveStep") });
const activity = createRoute({ ...under("/activity"), component: lazyRouteComponent(() => import("./screens/activity.js"), "Activity") });
const keys = createRoute({ ...under("/keys"), component: lazyRouteComponent(() => import("./screens/keys.js"), "KeysScreen") });
const keysRecovery = createRoute({ ...under("/keys/recovery"), component: lazyRouteComponent(() => import("./screens/keys-recovery.js"), "KeyRecovery") });
const keysLost = createRoute({ ...under("/keys/lost"), component: lazyRouteComponent(() => import("./screens/keys-lost.js"), "KeysLost") });
const code = createRoute({ ...under("/my-code"), component: lazyRouteComponent(() => import("./screens/my-code.js"), "MyCode") });
const stop = createRoute({ ...under("/stop"), component: lazyRouteComponent(() => import("./screens/stop.js"), "StopScreen") });
const settings = createRoute({ ...under("/settings"), component: lazyRouteComponent(() => import("./screens/settings.js"), "Settings") });
const verify = createRoute({ ...under("/verify"), component: lazyRouteComponent(() => import("./screens/verify.js"), "Verify") });
const block = createRoute({ ...under("/requests/$id/block"), component: lazyRouteComponent(() => import("./screens/block.js"), "BlockScreen") });

/** Every screen, each fetched when it is first shown. */
export const router = createRouter({
  routeTree: root.addChildren([home, requests, request, consents, consent, receipt, give.addChildren([giveSteps]), activity, keys, keysRecovery, keysLost, code, stop, settings, verify, block]),
  // No restoring of scroll positions: the router keeps them in the browser's storage, by the address of what was looked at.
  defaultPreload: "intent",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
