#!/usr/bin/env node
// Every text is in every catalogue, in that language, with the same places to fill in.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { formatter } from "@lingui/format-po";

const root = fileURLToPath(new URL("..", import.meta.url));
const format = formatter({ lineNumbers: false, origins: false });
const read = async (file, locale) => format.parse(readFileSync(file, "utf8"), { locale, sourceLocale: "en", filename: file });
const places = (text) => [...text.matchAll(/\{(\w+)|<\/?(\d+)\/?>/g)].map((match) => match[1] ?? match[0]).sort().filter((each, at, all) => each !== all[at - 1]).join(" ");

const faults = [];
let count = 0;
for (const app of ["ui", "patient-portal", "clinic-console", "admin-console"]) {
  const file = (locale) => `${root}${app}/src/locales/${locale}.po`;
  if (!existsSync(file("en"))) continue;
  const source = await read(file("en"), "en");
  for (const locale of ["fa-AF", "ps"]) {
    const catalogue = await read(file(locale), locale);
    for (const [id, { message, translation: english }] of Object.entries(source)) {
      const text = english || message || id;
      const translated = catalogue[id]?.translation;
      count++;
      if (!translated) faults.push(`${app} ${locale}: not translated: ${text}`);
      else if (places(translated) !== places(text)) faults.push(`${app} ${locale}: other places to fill in than in "${text}": "${translated}"`);
    }
  }
}
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exit(1);
console.log(`${count} translations, none missing`);
