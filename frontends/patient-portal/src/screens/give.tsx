import { Outlet } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { DraftContext, type Draft } from "../parts/answers.js";

/** The questions of a new consent, one a page. */
export function Give() {
  const [draft, setDraft] = useState<Draft>({ sensitive: [] });
  const provided = useMemo(() => ({ draft, answer: (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part })) }), [draft]);
  return <DraftContext value={provided}><Outlet /></DraftContext>;
}
