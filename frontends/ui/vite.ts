/** How each portal is built: one place, so that all three are built alike. */
import { fileURLToPath } from "node:url";
import { lingui } from "@lingui/vite-plugin";
import react from "@vitejs/plugin-react";
import { defineConfig, type UserConfig } from "vite";

/** The ports of the local stack; `PORT_OFFSET` is the stack's own `--port-offset`. */
const OFFSET = Number(process.env.PORT_OFFSET ?? 0);

/** The configuration of one portal. `port` is where the local stack serves it; the development server is 100 above. */
export function portal({ port }: { port: number }): UserConfig {
  const server = `http://localhost:${port + OFFSET}`;
  const forwarded = {
    target: server,
    // The portal's own server takes calls of its own origin only.
    headers: { origin: server },
  };
  return defineConfig({
    plugins: [react({ babel: { plugins: ["@lingui/babel-plugin-lingui-macro"] } }), lingui({ configPath: fileURLToPath(new URL("../lingui.config.ts", import.meta.url)) })],
    resolve: { dedupe: ["react", "react-dom", "@lingui/core", "@lingui/react", "@tanstack/react-query"] },
    build: {
      target: "es2022",
      // Says which files the first load needs; see tools/check-size.mjs.
      manifest: "manifest.json",
      sourcemap: false,
      // What is inlined as data: would need a wider content security policy.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
    server: {
      port: port + OFFSET + 100,
      strictPort: true,
      proxy: { "/session": forwarded, "/callback": forwarded, "/api": forwarded, "/deployment.json": forwarded },
    },
  }) as UserConfig;
}
