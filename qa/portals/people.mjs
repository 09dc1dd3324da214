// People with something done already.
import { enrol, newcomer, person, signIn } from "./browser.mjs";
import { originOf } from "./stack.mjs";

/** A patient who is signed in to the portal and has a key there. */
export async function patientWithKey(browser, name, options) {
  const someone = await person(browser, options);
  const { page, key } = someone;
  const who = newcomer(name);
  await enrol(page, { persona: "patient", fhirId: who.fhirId }, who.login);
  await signIn(page, "patient-portal");
  // The passkey to sign in by is on another device; a virtual one cannot be asked which of two to use.
  await key.forgets();
  await page.getByRole("link", { name: "Make my key" }).first().click();
  await page.getByRole("button", { name: "Make a passkey" }).click();
  await page.getByText("Your key is ready").waitFor();
  await page.goto(`${originOf("patient-portal")}/my-code`);
  const code = new URLSearchParams((await page.locator(".copy-text .code").innerText()).split("?")[1]);
  if (code.get("id") !== who.fhirId) throw new Error("the code on screen is another patient's");
  return { ...someone, ...who, subject: code.get("subject") };
}
