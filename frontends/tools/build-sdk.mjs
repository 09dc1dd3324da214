#!/usr/bin/env node
// Builds the SDK that the portals are linked to, unless what is built is newer than every source.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const sdk = fileURLToPath(new URL("../../sdk/js-sdk/", import.meta.url));
const npm = (...args) => execFileSync("npm", ["--prefix", sdk, ...args], { stdio: "inherit" });

const newest = (folder) => Math.max(...readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => statSync(`${entry.parentPath ?? entry.path}/${entry.name}`).mtimeMs));

if (!existsSync(`${sdk}node_modules/.package-lock.json`)) npm("ci", "--no-audit", "--no-fund");
if (!existsSync(`${sdk}dist/index.js`) || newest(`${sdk}src`) > statSync(`${sdk}dist/index.js`).mtimeMs) npm("run", "build");
