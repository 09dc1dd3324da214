import type { Purpose, Sensitivity } from "@consentry/sdk";
import type { Duration, Preset } from "@consentry/ui/policy";
import { createContext, use } from "react";

/** What was answered so far. It lives while the questions are open, and is nowhere stored. */
export interface Draft {
  grantee?: `0x${string}`;
  purpose?: Purpose;
  preset?: Preset;
  sensitive: readonly Sensitivity[];
  duration?: Duration;
}

interface Provided { draft: Draft; answer: (part: Partial<Draft>) => void }

export const DraftContext = createContext<Provided | undefined>(undefined);

export function useDraft(): Provided {
  const provided = use(DraftContext);
  if (provided === undefined) throw new TypeError("there are no questions around this");
  return provided;
}
