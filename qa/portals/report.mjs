// Figures, and where they are written down.
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";

export const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** A Markdown table. */
export const table = (columns, rows) => [columns, columns.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

export const machine = `${cpus().length} cores (${cpus()[0].model.replace(/ Processor.*$/, "")})`;

/** Puts a text in the place of what stands between a document's two marks of that name. */
export function writeBetween(file, name, text) {
  const marks = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const before = readFileSync(file, "utf8");
  const [from, to] = marks.map((mark) => before.indexOf(mark));
  if (from < 0 || to < from) throw new Error(`${file} has no marks "${marks.join('" and "')}"`);
  writeFileSync(file, `${before.slice(0, from + marks[0].length)}\n${text}\n${before.slice(to)}`);
}
