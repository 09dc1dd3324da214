import type { Access } from "@consentry/sdk";
import { Timeline } from "@consentry/ui";
import { nameOf, PURPOSES, TYPES } from "@consentry/ui/policy";
import { useLingui } from "@lingui/react";
import { Trans } from "@lingui/react/macro";
import { useDirectory } from "../lib/directory.js";
import { refusal } from "../lib/explain.js";
import { ROLES } from "../lib/words.js";

/** Looks and refusals, one below the other. */
export function AccessTimeline({ accesses }: { accesses: readonly Access[] }) {
  const { _ } = useLingui();
  const { data: directory } = useDirectory();
  const who = ({ requester, actor }: Access) => directory?.find(({ id }) => id === requester)?.name ?? requester ?? actor;
  return (
    <Timeline
      items={accesses.map((access) => {
        const name = who(access);
        const role = ROLES[access.role];
        const what = access.resourceType && nameOf(TYPES, access.resourceType, _);
        const isLook = access.result === "permit";
        const purpose = access.purpose && nameOf(PURPOSES.patient, access.purpose, _);
        return {
          key: access.eventId, at: access.ts, tone: isLook ? ("good" as const) : ("bad" as const),
          children: (
            <>
              <p>
                <strong>{name}</strong>{" "}
                {isLook ? <span className="tag good"><Trans>Looked</Trans></span> : <span className="tag bad"><Trans>Refused</Trans></span>}
              </p>
              <p className="soft">{[role && _(role), what, purpose].filter(Boolean).join(" · ")}</p>
              {!isLook && <p>{refusal(access, _)}</p>}
            </>
          ),
        };
      })}
    />
  );
}
