import { fileURLToPath } from "node:url";
import { lingui } from "@lingui/vite-plugin";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** React is installed beside each package, and the plugin looks for it here only. */
const beside = (name: string) => fileURLToPath(new URL(`ui/node_modules/${name}`, import.meta.url));

export default defineConfig({
  plugins: [react({ babel: { plugins: ["@lingui/babel-plugin-lingui-macro"] } }), lingui()],
  resolve: { alias: { react: beside("react"), "react-dom": beside("react-dom") } },
  test: { include: ["*/src/**/*.test.{ts,tsx}"], environment: "happy-dom" },
});
