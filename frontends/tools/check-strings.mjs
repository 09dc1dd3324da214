#!/usr/bin/env node
// No words in the code: text in JSX, and attributes that people read or hear, go through Lingui.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Components whose children Lingui takes. */
const TRANSLATED = new Set(["Trans", "Plural", "Select", "SelectOrdinal"]);
/** Attributes that are shown or read aloud. */
const READ = new Set(["label", "title", "alt", "placeholder", "heading", "description", "hint", "summary", "caption", "message", "aria-label", "aria-description", "aria-roledescription", "aria-valuetext"]);
const WORD = /\p{Letter}{2,}/u;

const faults = [];
for (const app of ["ui", "patient-portal", "clinic-console", "admin-console"]) {
  for (const entry of readdirSync(`${root}${app}/src`, { recursive: true })) {
    if (entry.endsWith(".tsx") && !entry.includes(".test.")) check(`${app}/src/${entry}`);
  }
}
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exit(1);
console.log("No words outside the catalogues");

function check(file) {
  const source = ts.createSourceFile(file, readFileSync(root + file, "utf8"), ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const visit = (node) => {
    if (ts.isJsxElement(node) && TRANSLATED.has(node.openingElement.tagName.getText())) return;
    if (ts.isJsxText(node) && WORD.test(node.text)) report(node, node.text);
    if (ts.isJsxExpression(node) && !ts.isJsxAttribute(node.parent) && node.expression !== undefined) literals(node.expression).forEach((each) => report(each, each.text));
    if (ts.isJsxAttribute(node) && READ.has(node.name.getText())) {
      const value = node.initializer;
      const found = value === undefined ? [] : ts.isStringLiteral(value) ? [value] : ts.isJsxExpression(value) && value.expression ? literals(value.expression) : [];
      found.filter((each) => WORD.test(each.text)).forEach((each) => report(each, each.text));
    }
    ts.forEachChild(node, visit);
  };
  const report = (node, text) => {
    if (!WORD.test(text)) return;
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    faults.push(`frontends/${file}:${line + 1}: "${text.trim().slice(0, 60)}" is not in the catalogues; use <Trans> or t`);
  };
  visit(source);
}

/** The texts that an expression can come to, where they are written right there. */
function literals(expression) {
  if (ts.isParenthesizedExpression(expression)) return literals(expression.expression);
  if (ts.isConditionalExpression(expression)) return [...literals(expression.whenTrue), ...literals(expression.whenFalse)];
  if (ts.isBinaryExpression(expression) && [ts.SyntaxKind.BarBarToken, ts.SyntaxKind.QuestionQuestionToken, ts.SyntaxKind.AmpersandAmpersandToken].includes(expression.operatorToken.kind)) return literals(expression.right);
  return ts.isStringLiteralLike(expression) ? [expression] : [];
}
