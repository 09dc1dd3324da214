/** A policy in the clinician's language, line by line. */
import type { PolicyDocument, ResourceScope } from "@consentry/sdk";
import type { MessageDescriptor } from "@lingui/core";
import { RECORD_TYPES, SENSITIVE, type RecordType } from "./templates.js";
import { CATEGORIES, PURPOSES, SENSITIVITIES, TYPES } from "./words.js";

/** Turns a descriptor into words; Lingui's `_`. */
export type Say = (descriptor: MessageDescriptor) => string;

export interface Lines {
  readonly what: readonly string[];
  /** Sensitive kinds that were not asked for. */
  readonly kept: readonly string[];
  /** Sensitive kinds that were asked for. */
  readonly sensitive: readonly string[];
  readonly why: readonly string[];
}

export function explain({ resources, exclude, purpose }: Pick<PolicyDocument, "resources" | "exclude" | "purpose">, say: Say): Lines {
  return {
    what: resources.map((each) => scopeWords(each, say)),
    kept: SENSITIVE.filter((code) => exclude.includes(code)).map((code) => say(SENSITIVITIES[code])),
    sensitive: SENSITIVE.filter((code) => !exclude.includes(code)).map((code) => say(SENSITIVITIES[code])),
    why: purpose.map((code) => say(PURPOSES[code])),
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

/** The types of a policy that can be shown here, in the order in which they are shown. */
export function shownTypes({ resources }: Pick<PolicyDocument, "resources">): RecordType[] {
  return RECORD_TYPES.filter((type) => type !== "Patient" && resources.some((each) => each.type === type));
}
