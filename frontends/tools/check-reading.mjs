#!/usr/bin/env node
// What patients read in English is within reach of who left school after the sixth grade (Flesch–Kincaid).
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { formatter } from "@lingui/format-po";
import { fleschKincaid } from "flesch-kincaid";
import { syllable } from "syllable";

const GRADE = 6;
/** Shorter texts are names of buttons and things; the formula says nothing about them. */
const FEWEST_WORDS = 10;
const root = fileURLToPath(new URL("..", import.meta.url));
const format = formatter({ lineNumbers: false, origins: false });

/** A text as it is read: with the plural's longer form, without marks, a short word for what is filled in. */
const asRead = (text) => text.replace(/\{\w+, plural, one \{[^}]*\} other \{([^}]*)\}\}/g, "$1").replace(/#|\{\w+\}/g, "it").replace(/<\/?\d+\/?>/g, "");

function counts(text) {
  const words = text.match(/[A-Za-z][A-Za-z’'-]*/g) ?? [];
  const sentences = text.split(/[.?!:;](?:\s|$)/).filter((each) => /[a-z]/i.test(each));
  return { sentence: Math.max(1, sentences.length), word: words.length, syllable: words.reduce((sum, word) => sum + syllable(word), 0) };
}

const all = { sentence: 0, word: 0, syllable: 0 };
const texts = [];
for (const part of ["ui", "patient-portal"]) {
  const file = `${root}${part}/src/locales/en.po`;
  const catalogue = await format.parse(readFileSync(file, "utf8"), { locale: "en", sourceLocale: "en", filename: file });
  for (const [id, { message, translation }] of Object.entries(catalogue)) {
    const text = translation || message || id;
    const counted = counts(asRead(text));
    for (const what of Object.keys(all)) all[what] += counted[what];
    if (counted.word >= FEWEST_WORDS) texts.push({ grade: fleschKincaid(counted), text });
  }
}
const hard = texts.filter(({ grade }) => grade > GRADE);
for (const { grade, text } of hard) console.error(`grade ${grade.toFixed(1)}, at most ${GRADE}: ${text}`);
const whole = fleschKincaid(all);
console.log(`patients' texts: grade ${whole.toFixed(1)} as a whole, the hardest of ${texts.length} ${Math.max(...texts.map(({ grade }) => grade)).toFixed(1)}, at most ${GRADE}`);
if (hard.length > 0 || whole > GRADE) process.exit(1);
