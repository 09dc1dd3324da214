/** Policies and refusals in the patient's language. */
import { reasonOf, type Access } from "@consentry/sdk";
import { explain as explainTo, type Lines, type Say } from "@consentry/ui/policy";
import { OTHER_RULES, REASONS } from "./words.js";

/** A policy as it is told to the patient. */
export function explain(document: Parameters<typeof explainTo>[0], say: Say): Lines {
  return explainTo(document, "patient", say);
}

/** Why a look was refused, in words. */
export function refusal({ rule }: Pick<Access, "rule">, say: Say): string {
  const other = OTHER_RULES[rule];
  return say(other ?? REASONS[reasonOf(rule)]);
}
