#!/usr/bin/env node
// What a first visit fetches: the page, its styles, the entry with all that it imports, the language's texts, the first screen.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** Kilobytes after gzip. */
const LIMIT = { "patient-portal": 165 };
const root = fileURLToPath(new URL("..", import.meta.url));
let failed = false;

for (const [app, limit] of Object.entries(LIMIT)) {
  const dist = `${root}${app}/dist/`;
  const manifest = JSON.parse(readFileSync(`${dist}manifest.json`, "utf8"));
  const files = new Set(["index.html"]);
  const add = (key) => {
    const chunk = manifest[key];
    if (chunk === undefined) throw new Error(`${app}: ${key} is not in the manifest`);
    if (files.has(chunk.file)) return;
    files.add(chunk.file);
    for (const style of chunk.css ?? []) files.add(style);
    for (const other of chunk.imports ?? []) add(other);
  };
  // The language with most text, and the first screen.
  const first = (part) => Object.keys(manifest).filter((key) => key.endsWith(part));
  add("index.html");
  first("src/screens/home.tsx").forEach(add);
  const locales = ["en", "fa-AF", "ps"].map((locale) => ({ keys: first(`src/locales/${locale}.po`) }));
  const sizeOf = (file) => gzipSync(readFileSync(dist + file), { level: 9 }).length;
  locales.sort((a, b) => total(b.keys) - total(a.keys))[0].keys.forEach(add);
  function total(keys) {
    return keys.reduce((sum, key) => sum + sizeOf(manifest[key].file), 0);
  }
  const kilobytes = [...files].reduce((sum, file) => sum + sizeOf(file), 0) / 1000;
  console.log(`${app}: first load ${kilobytes.toFixed(1)} kB gzipped in ${files.size} files, at most ${limit} kB`);
  if (kilobytes > limit) failed = true;
}
if (failed) process.exit(1);
