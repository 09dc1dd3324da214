// A receipt is checked by its code and by its file; codes are scanned with a camera.
import assert from "node:assert/strict";
import { readFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { decodeQR } from "../../../frontends/ui/node_modules/qr/decode.js";
import { launch } from "../browser.mjs";
import { clinician } from "../clinic-people.mjs";
import { cameraArgs, film } from "../film.mjs";
import { patientWithKey } from "../people.mjs";
import { clinic, originOf } from "../stack.mjs";

const at = originOf("patient-portal");
const folder = mkdtempSync(join(tmpdir(), "receipts-"));
const seen = join(folder, "seen.y4m");
let browser, jane, consent, code, receipt;

before(async () => {
  browser = await launch(cameraArgs(seen));
  jane = await patientWithKey(browser, "jane");
  const { page, subject } = jane;
  const doctor = clinic();
  const policy = doctor.policies.build({ resources: ["Observation", "Condition"], purpose: ["TREAT"] });
  consent = await (await doctor.consents.request({ subject, policy, days: 30 })).waitForRequested();
  await page.goto(`${at}/requests/${consent.id}`);
  await page.getByText("Yes, to all of this").click();
  await page.getByRole("button", { name: "Say yes and sign" }).click();
  await page.getByText("Done. Your consent is active").waitFor({ timeout: 60_000 });
  await page.getByRole("link", { name: "Receipt", exact: true }).click();
  code = await decoded(page, page.getByRole("img", { name: "Code to check this receipt" }));
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as a file" }).click()]);
  receipt = JSON.parse(readFileSync(await download.path(), "utf8"));
});
after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

/** What a QR code on screen says, read from its picture. */
async function decoded(page, image) {
  const png = (await image.screenshot()).toString("base64");
  const { width, height, data } = await page.evaluate(async (source) => {
    const picture = new Image();
    picture.src = `data:image/png;base64,${source}`;
    await picture.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [picture.width, picture.height];
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0);
    return { width: canvas.width, height: canvas.height, data: [...context.getImageData(0, 0, canvas.width, canvas.height).data] };
  }, png);
  return decodeQR({ width, height, data: Uint8Array.from(data) });
}

/** Chooses a file that says this. */
async function choose(page, value, name = "receipt.json") {
  const file = join(folder, name);
  writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value));
  await page.getByLabel("Pick the file of a receipt").setInputFiles(file);
}
const tampered = (change) => {
  const copy = structuredClone(receipt);
  change(copy);
  return copy;
};

test("a receipt's code leads to the check page; all that it names is in the fragment, and it names nobody", () => {
  const { origin, pathname, search, hash } = new URL(code);
  assert.deepEqual([origin, pathname, search], [at, "/verify", ""]);
  assert.deepEqual(Object.fromEntries(new URLSearchParams(hash.slice(1))), { id: consent.id, policy: consent.scopeId });
});

test("who scans it signed out signs in, comes back to it, and is told what holds; no page's address carries it, and nothing of it is kept", async () => {
  const { page, context } = jane;
  const asked = [];
  const note = (request) => request.isNavigationRequest() && asked.push(request.url().split("#")[0]);
  await context.clearCookies({ name: /patient-portal/ });
  await page.goto("about:blank");
  page.on("request", note);
  await page.goto(code);
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "This code is genuine. The consent is active." }).waitFor();
  page.off("request", note);
  assert.equal(page.url(), code);
  assert.ok(asked.some((url) => !url.startsWith(at)), "the way led over the issuer");
  assert.deepEqual(asked.filter((url) => url.includes(consent.id) || url.includes(consent.scopeId)), []);
  assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage)), []);
  // What was signed, to compare the paper with.
  await page.getByText("Measurements and test results").waitFor();
});

test("a genuine file is called genuine, with what holds now; dropped as well as chosen", async () => {
  const { page } = jane;
  await page.goto(`${at}/verify`);
  await choose(page, receipt);
  await page.getByRole("heading", { name: "This receipt is genuine. The consent is active." }).waitFor();
  assert.equal(await page.getByText("Some lines are not as we write them today").count(), 0);
  await page.reload();
  const dropped = await page.evaluateHandle((text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], "receipt.json", { type: "application/json" }));
    return data;
  }, JSON.stringify(receipt));
  await page.locator(".drop").dispatchEvent("drop", { dataTransfer: dropped });
  await page.getByRole("heading", { name: "This receipt is genuine. The consent is active." }).waitFor();
});

test("a file that was changed is called changed, and the line is named", async () => {
  const { page } = jane;
  const changes = [
    ["What they may not see", (r) => { r.pii_processing.purposes[0].excluded = []; }],
    ["Until when", (r) => { r.pii_processing.purposes[0].valid_until = null; }],
    ["The document that was signed", (r) => { r.evidence.policy.purpose = ["HRESCH"]; }],
    ["Where it is written", (r) => { r.consent_events[0].transaction = `0x${"12".repeat(32)}`; }],
  ];
  for (const [line, change] of changes) {
    await page.goto(`${at}/verify`);
    await choose(page, tampered(change));
    await page.getByRole("heading", { name: "This receipt was changed" }).waitFor();
    assert.deepEqual(await page.locator("table tbody th").allInnerTexts(), [line]);
    assert.equal(await page.getByText(/^This receipt is genuine/).count(), 0);
  }
  await choose(page, "{ not a receipt");
  await page.getByText("This file is not a receipt of ours").waitFor();
});

test("a code that was changed is not called genuine", async () => {
  const { page } = jane;
  await page.goto(`${at}/verify#id=${consent.id}&policy=0x${"12".repeat(32)}`);
  await page.getByRole("heading", { name: "This code was changed" }).waitFor();
  await page.goto(`${at}/verify#id=${consent.id}`);
  await page.getByRole("heading", { name: "This code or link is broken" }).waitFor();
});

test("somebody who is no party learns nothing but that", async () => {
  const { page, context } = await patientWithKey(browser, "omar");
  await page.goto(code);
  await page.getByRole("heading", { name: "We do not know this consent, or you are not a party to it" }).waitFor();
  await choose(page, receipt);
  await page.getByRole("heading", { name: "We do not know this consent, or you are not a party to it" }).waitFor();
  assert.equal(await page.getByText(/^This receipt is genuine/).count(), 0);
  await choose(page, tampered((r) => { r.pii_processing.purposes[0].excluded = []; }));
  await page.getByRole("heading", { name: "This receipt was changed" }).waitFor();
  await context.close();
});

test("after the consent was ended, its receipt is genuine still, and says that it ended", async () => {
  const { page } = jane;
  await page.goto(`${at}/consents/${consent.id}`);
  await page.getByRole("button", { name: "End it now" }).click();
  await page.getByText("You ended this consent").waitFor({ timeout: 60_000 });
  await page.goto(`${at}/verify`);
  await choose(page, receipt);
  await page.getByRole("heading", { name: "This receipt is genuine. The consent was ended by the patient." }).waitFor();
  await page.getByText("The consent changed after this receipt was made").waitFor();
  // What can no longer be told is not called genuine.
  await choose(page, tampered((r) => { r.pii_processing.purposes[0].valid_until = null; }));
  await page.getByRole("heading", { name: "We cannot tell whether this receipt is genuine" }).waitFor();
  assert.equal(await page.getByText(/^This receipt is genuine/).count(), 0);
});

test("a clinic scans a patient's code; another code is passed over, and the camera is off afterwards", async () => {
  const { page, context, faults } = await clinician(browser);
  await watchCamera(page);
  const wanted = `consentry:patient?id=${jane.fhirId}&subject=${jane.subject}`;
  film(seen, ["https://example.org/", wanted]);
  await page.goto(`${originOf("clinic-console")}/ask`);
  await page.getByRole("button", { name: "Scan with the camera" }).click();
  await page.getByText("The code was read.").waitFor({ timeout: 30_000 });
  assert.equal(await page.getByLabel("The patient's code").inputValue(), wanted);
  await page.getByText("The code is complete.").waitFor();
  assert.deepEqual(await cameras(page), ["ended"]);
  assert.deepEqual(faults, []);

  // Typing is never taken away, and who closes the camera has it off.
  film(seen, ["https://example.org/"]);
  await page.getByRole("button", { name: "Scan with the camera" }).click();
  await page.getByText("This is another kind of code.").waitFor({ timeout: 30_000 });
  await page.getByRole("button", { name: "Turn off the camera" }).click();
  await page.getByRole("button", { name: "Scan with the camera" }).waitFor();
  assert.deepEqual(await cameras(page), ["ended", "ended"]);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Scan with the camera");
  assert.equal(await page.getByLabel("The patient's code").inputValue(), wanted);
  await context.close();
});

test("a patient scans the code that a clinic shows; one that the directory does not know is refused", async () => {
  const staff = await clinician(browser);
  await staff.page.goto(`${originOf("clinic-console")}/our-code`);
  const shown = await decoded(staff.page, staff.page.getByRole("img", { name: "Your organisation's code as a picture" }));
  assert.equal(shown.toLowerCase(), `consentry:clinic?address=${staff.grantee.toLowerCase()}`);
  await staff.context.close();

  const { page } = jane;
  film(seen, [shown]);
  await page.goto(`${at}/give/who`);
  await page.getByText("Another clinic: I have its code").click();
  await page.getByRole("button", { name: "Scan with the camera" }).click();
  await page.getByText("This code is of:").waitFor({ timeout: 30_000 });
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("heading", { level: 1, name: "What may they use it for?" }).waitFor();

  await page.goto(`${at}/give/who`);
  await page.getByText("Another clinic: I have its code").click();
  await page.getByLabel("Code of the clinic").fill(`consentry:clinic?address=0x${"12".repeat(20)}`);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("We do not know this code.").first().waitFor();
  assert.deepEqual(jane.faults, []);
});

test("without a camera, or without leave to use it, the page says so and typing goes on", async () => {
  for (const [args, heading] of [[cameraArgs(seen, { asks: true }), "The camera may not be used"], [[], "We found no camera"]]) {
    const other = await launch(args);
    const { page } = await clinician(other, args.length > 0 ? {} : { permissions: ["camera"] });
    await page.goto(`${originOf("clinic-console")}/ask`);
    await page.getByRole("button", { name: "Scan with the camera" }).click();
    await page.getByRole("heading", { name: heading }).waitFor();
    await page.getByText("You can type or paste the code instead.").waitFor();
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByLabel("The patient's code").fill("typed");
    await other.close();
  }
});

/** Remembers every camera that the page turns on. */
const watchCamera = (page) => page.addInitScript(() => {
  window.turnedOn = [];
  const own = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await own(wanted);
    window.turnedOn.push(...stream.getTracks());
    return stream;
  };
});
const cameras = (page) => page.evaluate(() => window.turnedOn.map(({ readyState }) => readyState));
