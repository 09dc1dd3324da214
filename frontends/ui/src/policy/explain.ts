/** A policy in the reader's language, line by line. */
import type { PolicyDocument, ResourceScope, Sensitivity } from "@consentry/sdk";
import type { MessageDescriptor } from "@lingui/core";
import { SENSITIVE } from "./presets.js";
import { CATEGORIES, PURPOSES, SENSITIVITIES, TYPES, type Reader } from "./words.js";

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

export function explain({ resources, exclude, purpose, period }: Pick<PolicyDocument, "resources" | "exclude" | "purpose" | "period">, reader: Reader, say: Say): Lines {
  const named = (code: Sensitivity) => say(SENSITIVITIES[code]);
  return {
    what: resources.map((each) => scopeWords(each, say)),
    notWhat: SENSITIVE.filter((code) => exclude.includes(code)).map(named),
    sensitiveShared: SENSITIVE.filter((code) => !exclude.includes(code)).map(named),
    why: purpose.map((code) => say(PURPOSES[reader][code])),
    from: period.start,
    to: period.end,
  };
}

function scopeWords({ type, category }: ResourceScope, say: Say): string {
  const name = nameOf(TYPES, type, say);
  return category === undefined ? name : `${name} (${category.map((each) => nameOf(CATEGORIES, each, say)).join(", ")})`;
}

/** A code in words, or as it is where nobody put it in words. */
export function nameOf(words: Readonly<Record<string, MessageDescriptor>>, code: string, say: Say): string {
  const found = Object.hasOwn(words, code) ? words[code] : undefined;
  return found === undefined ? code : say(found);
}
