// People with something done already.
import { enrol, newcomer, person, signIn } from "./browser.mjs";
import { originOf } from "./stack.mjs";

/** A patient who is signed in to the portal and has no key yet. */
export async function patient(browser, name, options) {
  const someone = await person(browser, options);
  const who = newcomer(name);
  await enrol(someone.page, { persona: "patient", fhirId: who.fhirId }, who.login);
  await signIn(someone.page, "patient-portal");
  return { ...someone, ...who };
}

/** A patient who is signed in to the portal and has a passkey there. */
export async function patientWithKey(browser, name, options) {
  const someone = await patient(browser, name, options);
  const { page, key } = someone;
  // The passkey to sign in by is on another device; a virtual one cannot be asked which of two to use.
  await key.forgets();
  await page.getByRole("link", { name: "Make my key" }).first().click();
  await page.getByRole("button", { name: "Make a passkey" }).click();
  await page.getByText("Your key is ready").waitFor();
  return { ...someone, ...(await patientCode(someone)) };
}

/** What a patient's screen shows to a clinic: the text of the code, and the address in it. */
export async function patientCode({ page, fhirId }) {
  await page.goto(`${originOf("patient-portal")}/my-code`);
  const code = await page.locator(".copy-text .code").innerText();
  const parts = new URLSearchParams(code.split("?")[1]);
  if (parts.get("id") !== fhirId) throw new Error("the code on screen is another patient's");
  return { code, subject: parts.get("subject") };
}
