#!/usr/bin/env node
// The local stack, and the three portals with hot reload beside it on 7110 to 7112 (a session started there is the stack's own).
// `pnpm dev -- --no-stack` uses a stack that runs already; PORT_OFFSET is its --port-offset.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const children = [];
const start = (command, args, cwd) => children.push(spawn(command, args, { cwd, stdio: "inherit" }));

start(process.execPath, ["tools/build-sdk.mjs"], root);
children[0].on("exit", (code) => {
  if (code !== 0) process.exit(code ?? 1);
  if (!process.argv.includes("--no-stack")) start("scripts/demo", ["--keep", ...(process.env.PORT_OFFSET ? ["--port-offset", process.env.PORT_OFFSET] : [])], `${root}..`);
  for (const app of ["patient-portal", "clinic-console", "admin-console"]) start("node_modules/.bin/vite", [], root + app);
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => children.forEach((child) => child.kill(signal)));
