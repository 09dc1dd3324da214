import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { Frame } from "./frame.js";

const root = createRootRoute({ component: Frame });

const home = createRoute({ getParentRoute: () => root, path: "/", component: lazyRouteComponent(() => import("./screens/home.js"), "Home") });

/** Every screen, each fetched when it is first shown. */
export const router = createRouter({ routeTree: root.addChildren([home]), defaultPreload: "intent", scrollRestoration: true });

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
