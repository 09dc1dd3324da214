import { Button, FaultNotice, Loaded, useFormats } from "@consentry/ui";
import { Trans } from "@lingui/react/macro";
import { useRef } from "react";
import { useBlocking } from "../lib/blocking.js";
import { useBlocks, type Block } from "../lib/blocks.js";
import { useOrganization } from "../lib/directory.js";
import { Who } from "./who.js";

/** Whom the person does not let ask, and the way back. */
export function BlockedClinics() {
  const blocks = useBlocks();
  const blocking = useBlocking();
  const heading = useRef<HTMLHeadingElement>(null);
  const allow = (address: string) => blocking.mutate({ address, block: false }, {
    // The button that was pressed is gone with its line.
    onSuccess: () => heading.current?.focus(),
  });
  return (
    <section aria-labelledby="blocked">
      <h2 id="blocked" tabIndex={-1} ref={heading}><Trans>Blocked clinics</Trans></h2>
      <p role="status" className="small">{blocking.isSuccess && <Trans>This clinic may ask you again.</Trans>}</p>
      {blocking.isError && <FaultNotice error={blocking.error} />}
      <Loaded query={blocks} waiting={<Trans>Loading whom you blocked…</Trans>}>
        {(all) => (all.length === 0 ? <p className="soft"><Trans>None. You can block a clinic when it asks you.</Trans></p> : (
          <ul className="plain-list">{all.map((each) => <li key={each.address}><Line block={each} pending={blocking.isPending} onAllow={() => allow(each.address)} /></li>)}</ul>
        ))}
      </Loaded>
    </section>
  );
}

function Line({ block: { address, createdAt }, pending, onAllow }: { block: Block; pending: boolean; onAllow: () => void }) {
  const { date } = useFormats();
  const organization = useOrganization(address);
  const since = date(createdAt);
  return (
    <div className="card row">
      <div className="grow">
        <p><Who address={address} organization={organization} /></p>
        <p className="small soft"><Trans>Blocked since {since}</Trans></p>
      </div>
      <Button small kind="quiet" pending={pending} onPress={onAllow}><Trans>Allow again</Trans>{organization && <span className="visually-hidden"> {organization.name}</span>}</Button>
    </div>
  );
}
