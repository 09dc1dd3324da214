// Whether a page keeps WCAG 2.2 AA, as far as a program can tell.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** One a page, and never detached: with the first that is, the page's virtual authenticator goes. */
const sessions = new WeakMap();

async function sessionOf(page) {
  if (!sessions.has(page)) sessions.set(page, await page.context().newCDPSession(page));
  return sessions.get(page);
}

/** What is wrong with the page, one line each. */
export async function violations(page) {
  // In a world of its own: the page's policy lets no foreign script in.
  const session = await sessionOf(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId } = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id, worldName: "axe" });
  const run = async (expression) => {
    const { result, exceptionDetails } = await session.send("Runtime.evaluate", { expression, contextId: executionContextId, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  await run(`${source};0`);
  const found = await run(`axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }).then(({ violations }) => violations.map(({ id, help, nodes }) => ({ id, help, at: nodes.map(({ target, failureSummary }) => target.join(" ") + " " + failureSummary) })))`);
  return found.map(({ id, help, at }) => `${id}: ${help}\n  ${at.join("\n  ")}`);
}
