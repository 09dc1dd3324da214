import { defineConfig } from "@lingui/conf";
import { formatter } from "@lingui/format-po";

/** One catalogue a package and language. `pnpm messages` gathers the texts of the code into them. */
export default defineConfig({
  sourceLocale: "en",
  locales: ["en", "fa-AF", "ps"],
  fallbackLocales: { default: "en" },
  catalogs: ["ui", "patient-portal", "clinic-console", "admin-console"].map((name) => ({
    path: `<rootDir>/${name}/src/locales/{locale}`,
    include: [`<rootDir>/${name}/src`],
    exclude: ["**/*.test.*"],
  })),
  format: formatter({ lineNumbers: false, origins: false }),
  orderBy: "message",
});
