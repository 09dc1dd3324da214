import { ConsentryError, type Consent } from "@consentry/sdk";
import { FaultNotice, isLocale, Loaded, Notice, Page, Progress, buttonClass, useLanguage, useSession } from "@consentry/ui";
import type { I18n } from "@lingui/core";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useState, type DragEvent, type ReactNode } from "react";
import { useConsent, usePolicy } from "../lib/consents.js";
import { useDirectory, useOrganization } from "../lib/directory.js";
import { explain } from "../lib/explain.js";
import { checkReceipt } from "../lib/receipt-check.js";
import { readReceipt, type FileFault, type Receipt } from "../lib/receipt-file.js";
import { readFragment, takeFragment, type Named } from "../lib/verify-link.js";
import { CodeVerdict, NowInForce, Verdict } from "../parts/verdict.js";

/** Whether a receipt is genuine, and what became of its consent: by the code on the paper, or by the file. */
export function Verify() {
  const { t } = useLingui();
  const navigate = useNavigate();
  const fragment = useRouterState({ select: ({ location }) => location.hash });
  useEffect(() => {
    // Somebody had to sign in first, and the fragment was kept meanwhile.
    const kept = takeFragment();
    if (fragment === "" && kept !== undefined) void navigate({ to: "/verify", hash: kept, replace: true });
  }, []);
  return (
    <Page heading={<Trans>Check a receipt</Trans>} plainHeading={t`Check a receipt`} back={{ to: "/consents", label: <Trans>All my consents</Trans> }} lead={<Trans>See whether a receipt is genuine, and what holds now.</Trans>} narrow>
      <Check key={fragment} fragment={fragment} />
    </Page>
  );
}

/** One check: of a code, until a file is chosen. Another code begins another one. */
function Check({ fragment }: { fragment: string }) {
  const [file, setFile] = useState<Receipt | FileFault>();
  const named = readFragment(fragment);
  return (
    <>
      {file === undefined && fragment !== "" && (named === undefined
        ? <Notice kind="error" heading={<Trans>This code or link is broken</Trans>} live><p><Trans>It names no consent. Scan it again, or pick the file of the receipt.</Trans></p></Notice>
        : <ByCode named={named} />)}
      <FilePicker onFile={setFile} />
      {file !== undefined && ("fault" in file ? <NoReceipt fault={file} /> : <ByFile key={file.record_id} receipt={file} named={named} />)}
    </>
  );
}

function FilePicker({ onFile }: { onFile: (read: Receipt | FileFault) => void }) {
  const [isOver, setOver] = useState(false);
  const take = async (file: File | undefined) => {
    if (file !== undefined) onFile(await readReceipt(file));
  };
  const drag = (over: boolean) => (event: DragEvent) => {
    event.preventDefault();
    setOver(over);
  };
  return (
    <div className={isOver ? "drop over" : "drop"} onDragOver={drag(true)} onDragLeave={drag(false)} onDrop={(event) => {
      drag(false)(event);
      void take(event.dataTransfer.files[0]);
    }}>
      {/* The browser's own button speaks the browser's language, and would say that no file is chosen. */}
      <input className="visually-hidden" id="receipt" type="file" accept=".json,application/json" aria-describedby="receipt-hint" onChange={(event) => {
        void take(event.target.files?.[0]);
        // The same file can be picked again after it was changed.
        event.target.value = "";
      }} />
      <label htmlFor="receipt" className={buttonClass({ kind: "quiet" })}><Trans>Pick the file of a receipt</Trans></label>
      <p className="hint" id="receipt-hint"><Trans>It is the file that was saved from a receipt. You can drop it here as well. It stays on this device.</Trans></p>
    </div>
  );
}

function NoReceipt({ fault }: { fault: FileFault }) {
  return (
    <Notice kind="error" heading={<Trans>This file is not a receipt of ours</Trans>} live>
      <p>{faultWords(fault)}</p>
    </Notice>
  );
}

function faultWords(fault: FileFault): ReactNode {
  switch (fault.fault) {
    case "long": return <Trans>It is far too long for a receipt.</Trans>;
    case "json": return <Trans>It is another kind of file, or it is damaged.</Trans>;
    case "shape": return <Trans>A part is missing, or is not as we write it: <code dir="ltr">{fault.at}</code></Trans>;
  }
}

/** The registry's word on a consent; the child is given nothing where it knows none for this reader. */
function Known({ id, children }: { id: Named["id"]; children: (consent: Consent | undefined) => ReactNode }) {
  const consent = useConsent(id);
  if (consent.isError && consent.error instanceof ConsentryError && consent.error.code === "NOT_FOUND") return children(undefined);
  return <Loaded query={consent} waiting={<Trans>Looking it up…</Trans>}>{children}</Loaded>;
}

function ByCode({ named }: { named: Named }) {
  return (
    <Known id={named.id}>
      {(consent) => (
        <>
          <CodeVerdict named={named} consent={consent} />
          {consent !== undefined && <NowInForce consent={consent} />}
        </>
      )}
    </Known>
  );
}

function ByFile({ receipt, named }: { receipt: Receipt; named: Named | undefined }) {
  const directory = useDirectory();
  const isOther = named !== undefined && named.id !== receipt.record_id.toLowerCase();
  return (
    <>
      {isOther && <Notice kind="warning" heading={<Trans>The file and the code are about two consents</Trans>} live><p><Trans>What stands here is about the file.</Trans></p></Notice>}
      <Loaded query={directory} waiting={<Trans>Looking it up…</Trans>}>
        {() => <Known id={receipt.record_id}>{(consent) => <Compared receipt={receipt} consent={consent} />}</Known>}
      </Loaded>
    </>
  );
}

function Compared({ receipt, consent }: { receipt: Receipt; consent: Consent | undefined }) {
  const { identity, deployment } = useSession();
  const { beside } = useLanguage();
  const organization = useOrganization(consent?.grantee);
  const policy = usePolicy(consent?.scopeId);
  const language = useQuery({
    queryKey: ["language", receipt.language], staleTime: Number.POSITIVE_INFINITY,
    queryFn: (): Promise<I18n> | null => (isLocale(receipt.language) ? beside(receipt.language) : null),
  });
  if (language.isPending || (consent !== undefined && policy.isPending)) return <Progress><Trans>Comparing…</Trans></Progress>;
  // A document that nobody holds is no fault of the receipt's; that nobody answers is ours to say.
  if (policy.isError && !(policy.error instanceof ConsentryError && policy.error.code === "POLICY_NOT_HELD")) return <FaultNotice error={policy.error} retry={() => void policy.refetch()} />;
  const words = language.data;
  const outcome = checkReceipt(receipt, { consent, policy: policy.data, organization, identity, deployment, explain: words ? ({ document }) => explain(document, (each) => words._(each)) : undefined });
  return (
    <>
      <Verdict outcome={outcome} consent={consent} />
      {consent !== undefined && <NowInForce consent={consent} />}
      {consent !== undefined && <div className="actions"><Link to="/consents/$id" params={{ id: consent.id }} className={buttonClass({ kind: "quiet" })}><Trans>Open this consent</Trans></Link></div>}
    </>
  );
}
