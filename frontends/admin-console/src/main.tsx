import "@consentry/ui/styles.css";
import "./admin.css";
import { startPortal, type Catalogues } from "@consentry/ui";
import { RouterProvider } from "@tanstack/react-router";
import { router } from "./router.js";

const catalogues: Catalogues = {
  en: () => import("./locales/en.po"),
  "fa-AF": () => import("./locales/fa-AF.po"),
  ps: () => import("./locales/ps.po"),
};

void startPortal(catalogues, <RouterProvider router={router} />);
// The first screen is fetched beside the session and the language, not after them.
void router.load();
