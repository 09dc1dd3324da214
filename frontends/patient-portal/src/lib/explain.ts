/** A policy in the person's language, line by line. */
import { reasonOf, type Access, type PolicyDocument, type Sensitivity } from "@consentry/sdk";
import type { MessageDescriptor } from "@lingui/core";
import { SENSITIVE } from "./presets.js";
import { CATEGORIES, OTHER_RULES, PURPOSES, REASONS, SENSITIVITIES, TYPES } from "./words.js";

/** Turns a descriptor into words; Lingui's `_`. */
export type Say = (descriptor: MessageDescriptor) => string;

/** What is shared, what is kept back and why, each in words. */
export interface Lines {
  readonly what: readonly string[];
  /** Sensitive kinds that are kept back. */
  readonly notWhat: readonly string[];
  /** Sensitive kinds that are shared. */
  readonly sensitiveShared: readonly string[];
  readonly why: readonly string[];
  readonly from: string | null;
  readonly to: string | null;
}

export function explain(document: Pick<PolicyDocument, "resources" | "exclude" | "purpose" | "period">, say: Say): Lines {
  const named = (code: Sensitivity) => say(SENSITIVITIES[code]);
  return {
    what: document.resources.map(({ type, category }) => {
      const name = TYPES[type] === undefined ? type : say(TYPES[type]);
      if (category === undefined) return name;
      const kinds = category.map((each) => (CATEGORIES[each] === undefined ? each : say(CATEGORIES[each])));
      return `${name} (${kinds.join(", ")})`;
    }),
    notWhat: SENSITIVE.filter((each) => document.exclude.includes(each)).map(named),
    sensitiveShared: SENSITIVE.filter((each) => !document.exclude.includes(each)).map(named),
    why: document.purpose.map((code) => say(PURPOSES[code])),
    from: document.period.start,
    to: document.period.end,
  };
}

/** Why a look was refused, in words. */
export function refusal({ rule }: Pick<Access, "rule">, say: Say): string {
  const other = OTHER_RULES[rule];
  return say(other ?? REASONS[reasonOf(rule)]);
}
