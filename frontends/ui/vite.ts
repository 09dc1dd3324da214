/** How each portal is built: one place, so that all three are built alike. */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { lingui } from "@lingui/vite-plugin";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin, type UserConfig } from "vite";

/** The ports of the local stack; `PORT_OFFSET` is the stack's own `--port-offset`. */
const OFFSET = Number(process.env.PORT_OFFSET ?? 0);

/** Bytes below which a file is sent as it is: what it would save is less than a packet. */
const SMALL = 1_400;

/** Lays each asset down compressed as well, as small as it gets, so that the server compresses nothing while people wait. */
function compressed(): Plugin {
  let folder = "";
  return {
    name: "consentry:compressed",
    apply: "build",
    configResolved: (config) => { folder = `${config.root}/${config.build.outDir}/assets/`; },
    closeBundle() {
      for (const name of readdirSync(folder)) {
        if (!/\.(js|css|svg)$/.test(name) || statSync(folder + name).size < SMALL) continue;
        const content = readFileSync(folder + name);
        writeFileSync(`${folder}${name}.gz`, gzipSync(content, { level: 9 }));
        writeFileSync(`${folder}${name}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }));
      }
    },
  };
}

/** The configuration of one portal. `port` is where the local stack serves it; the development server is 100 above. */
export function portal({ port }: { port: number }): UserConfig {
  const server = `http://localhost:${port + OFFSET}`;
  const forwarded = {
    target: server,
    // The portal's own server takes calls of its own origin only.
    headers: { origin: server },
  };
  return defineConfig({
    plugins: [react({ babel: { plugins: ["@lingui/babel-plugin-lingui-macro"] } }), lingui({ configPath: fileURLToPath(new URL("../lingui.config.ts", import.meta.url)) }), compressed()],
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
