#!/usr/bin/env node
// How soon a portal's screens are there on a slow line and a slow phone, beside bare pages on the same line in the same run.
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { administrator, APP as ADMIN } from "./admin-screens.mjs";
import { launch } from "./browser.mjs";
import { app as CLINIC, clinician } from "./clinic-people.mjs";
import { patientWithKey } from "./people.mjs";
import { machine, median, table, writeBetween } from "./report.mjs";
import { clinic, originOf } from "./stack.mjs";

const PATIENT = "patient-portal";
const GOAL = { lcp: 2_500, tbt: 200 };
/** 1.6 Mbit/s down, 0.75 up, 150 ms a round trip. */
const LINE = { offline: false, latency: 150, downloadThroughput: 1_600_000 / 8, uploadThroughput: 750_000 / 8 };
const SLOWER = 4;
/** So long nothing is loaded and no task is long: then the screen counts as quiet. */
const QUIET_MS = 1_500;

/** In the page: notes what the browser says of paints and long tasks. */
function observe() {
  const seen = { fcp: 0, lcp: 0, element: "", tasks: [], busyAt: 0 };
  window.seen = seen;
  const on = (type, note) => new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
  on("paint", (entry) => { if (entry.name === "first-contentful-paint") seen.fcp = entry.startTime; });
  on("largest-contentful-paint", (entry) => { seen.lcp = entry.startTime; seen.element = entry.element?.tagName ?? ""; });
  on("longtask", ({ startTime, duration }) => { seen.tasks.push([startTime, duration]); seen.busyAt = performance.now(); });
}

/** One cold load. */
async function load(browser, { url, storageState, ready }, trace) {
  const context = await browser.newContext({ locale: "en-GB", storageState });
  try {
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    await session.send("Network.emulateNetworkConditions", LINE);
    await session.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
    await page.addInitScript(observe);
    let bytes = 0, requests = 0, underWay = 0, lastAt = Date.now();
    const line = new Map();
    session.on("Network.requestWillBeSent", ({ requestId, request, timestamp }) => { requests++; underWay++; line.set(requestId, { url: request.url, from: timestamp }); });
    const done = ({ requestId, encodedDataLength = 0, timestamp }) => {
      bytes += encodedDataLength;
      underWay--;
      lastAt = Date.now();
      const each = line.get(requestId);
      if (each) Object.assign(each, { to: timestamp, bytes: encodedDataLength });
    };
    session.on("Network.loadingFinished", done);
    session.on("Network.loadingFailed", done);
    await page.goto(url);
    await page.locator(ready).first().waitFor({ timeout: 60_000 });
    await page.waitForFunction(() => document.querySelector("main .progress") === null);
    for (;;) {
      const idle = await page.evaluate(() => performance.now() - window.seen.busyAt);
      if (underWay <= 0 && Date.now() - lastAt > QUIET_MS && idle > QUIET_MS) break;
      await page.waitForTimeout(100);
    }
    const { fcp, lcp, element, tasks } = await page.evaluate(() => window.seen);
    const tbt = tasks.reduce((sum, [start, duration]) => sum + Math.max(0, start + duration - Math.max(start, fcp) - 50), 0);
    if (trace) {
      const first = Math.min(...[...line.values()].map(({ from }) => from));
      for (const { url: each, from, to, bytes: size } of line.values()) console.log(`  ${((from - first) * 1000).toFixed(0).padStart(6)} – ${((to - first) * 1000).toFixed(0).padStart(6)} ms  ${String(size).padStart(7)} B  ${new URL(each).pathname}`);
      console.log(`  FCP ${fcp.toFixed(0)} ms, LCP ${lcp.toFixed(0)} ms <${element}>, long tasks ${tasks.map(([start, duration]) => `${start.toFixed(0)}+${duration.toFixed(0)}`).join(", ")}`);
    }
    return { lcp, tbt, bytes, requests };
  } finally {
    await context.close();
  }
}

/** Pages to compare with: a heading alone, and one that a script of so many bytes writes. */
async function barePages(bytes) {
  // Text that a compressor could do nothing about, in a comment, so that it costs the line and not the processor.
  const weight = Array.from({ length: Math.ceil(bytes / 64) }, () => Math.random().toString(36).slice(2).padEnd(64, Math.random().toString(36).slice(2))).join("").slice(0, bytes);
  const script = `/*${weight}*/document.body.innerHTML="<h1>You decide who sees your health record</h1>"`;
  const page = (body) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,"><title>Bare</title></head><body>${body}</body></html>`;
  const answers = { "/heading": ["text/html", page("<h1>You decide who sees your health record</h1>")], "/weight": ["text/html", page('<script type="module" src="/weight.js"></script>')], "/weight.js": ["text/javascript", script] };
  const server = createServer(({ url }, reply) => {
    const [type, body] = answers[url] ?? ["text/plain", ""];
    reply.writeHead(answers[url] ? 200 : 404, { "content-type": type, "cache-control": "no-store" }).end(body);
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  const at = `http://localhost:${server.address().port}`;
  return { at, close: () => server.close() };
}

/** Who is signed in where, and a request that waits for an answer. */
async function signedIn(browser) {
  const [patient, doctor, ada] = [await patientWithKey(browser, "lina"), await clinician(browser), await administrator(browser)];
  const backend = clinic();
  const policy = backend.policies.build({ resources: ["Observation", "Condition", "MedicationRequest"], purpose: ["TREAT"] });
  const { id } = await (await backend.consents.request({ subject: patient.subject, policy, days: 30 })).waitForRequested();
  const stateOf = ({ context }) => context.storageState();
  const [patients, doctors, admins] = [await stateOf(patient), await stateOf(doctor), await stateOf(ada)];
  for (const { context } of [patient, doctor, ada]) await context.close();
  const way = "main a[href^='/session/start']";
  return {
    "patient, signed out": { url: originOf(PATIENT), ready: way },
    "patient, home": { url: originOf(PATIENT), storageState: patients, ready: "#asked" },
    "patient, a request": { url: `${originOf(PATIENT)}/requests/${id}`, storageState: patients, ready: "main .summary" },
    "clinic, signed out": { url: originOf(CLINIC), ready: way },
    "clinic, list": { url: originOf(CLINIC), storageState: doctors, ready: "main a[href^='/consents/'], main .empty" },
    "admin, signed out": { url: originOf(ADMIN), ready: way },
    "admin, health": { url: originOf(ADMIN), storageState: admins, ready: "main tbody .tag" },
  };
}

const { values } = parseArgs({ options: { runs: { type: "string", default: "5" }, write: { type: "string" }, only: { type: "string", default: "" }, trace: { type: "boolean", default: false } } });
const runs = Number(values.runs);
const browser = await launch();
const screens = Object.fromEntries(Object.entries(await signedIn(browser)).filter(([name]) => name.includes(values.only)));
const measured = {};
const measure = async (all) => {
  // Round by round, so that a busy moment of the machine meets all of them alike.
  for (let round = 0; round < runs; round++) {
    for (const [name, screen] of Object.entries(all)) {
      if (values.trace && round === 0) console.log(name);
      (measured[name] ??= []).push(await load(browser, screen, values.trace && round === 0));
    }
  }
};
const [first] = Object.entries(screens);
const { bytes } = await load(browser, first[1]);
const bare = await barePages(bytes);
const floor = "bare: a script of the same weight writes a heading";
await measure({ "bare: a heading": { url: `${bare.at}/heading`, ready: "h1" }, [floor]: { url: `${bare.at}/weight`, ready: "h1" }, ...screens });
bare.close();
await browser.close();

const ms = (value) => `${Math.round(value).toLocaleString("en-GB")} ms`;
const of = (name, key) => measured[name].map((each) => each[key]);
const rows = Object.keys(measured).map((name) => {
  const [lcp, tbt] = [of(name, "lcp"), of(name, "tbt")];
  const isMissed = median(lcp) > GOAL.lcp || median(tbt) > GOAL.tbt;
  return [name, `${(median(of(name, "bytes")) / 1000).toFixed(0)} kB`, median(of(name, "requests")), ms(median(lcp)), ms(Math.max(...lcp)), (median(lcp) / median(of(floor, "lcp"))).toFixed(2), ms(median(tbt)), ms(Math.max(...tbt)), name.startsWith("bare") ? "–" : isMissed ? "missed" : "kept"];
});
const text = `Medians of ${runs} cold loads each, in turns, at 1.6 Mbit/s, 150 ms a round trip, a processor ${SLOWER}× slower; ${machine}, services and browser on the same.\n\n` +
  table(["screen", "over the line", "requests", "LCP", "worst", "of the bare page's", "TBT", "worst", `goal: ${GOAL.lcp / 1000} s, ${GOAL.tbt} ms`], rows);
console.log(text);
if (values.write) writeBetween(values.write, "portals", text);
