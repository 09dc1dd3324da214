import { Loaded, Table, useFormats } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useApi, type OpenRebinding } from "../lib/api.js";
import { ConfirmButton } from "./confirm.js";

/** How often it is looked whether another administrator did something. */
const EVERY_MS = 15_000;

/** New keys that wait for a second administrator, or for their day. */
export function UnderWay() {
  const api = useApi();
  const query = useQuery({ queryKey: ["rebindings"], queryFn: ({ signal }) => api.rebindings(signal), refetchInterval: EVERY_MS });
  return (
    <section>
      <h2><Trans>New keys under way</Trans></h2>
      <Loaded query={query} waiting={<Trans>Asking what is under way.</Trans>}>
        {(rows) => (rows.length === 0 ? <p className="soft"><Trans>None.</Trans></p> : <RebindingTable rows={rows} />)}
      </Loaded>
    </section>
  );
}

function RebindingTable({ rows }: { rows: readonly OpenRebinding[] }) {
  const { t } = useLingui();
  const { dateTime } = useFormats();
  return (
    <Table
      caption={<Trans>New keys under way</Trans>} hideCaption rows={rows} rowKey={({ id }) => id}
      columns={[
        { key: "patient", label: <Trans>Patient</Trans>, text: t`Patient`, cell: ({ fhirId }) => <bdi className="hex">{fhirId}</bdi> },
        { key: "key", label: <Trans>New key</Trans>, text: t`New key`, cell: ({ subject }) => <span className="hex" title={subject}>{`${subject.slice(0, 6)}…${subject.slice(-4)}`}</span> },
        { key: "proposed", label: <Trans>Proposed</Trans>, text: t`Proposed`, cell: ({ proposedAt }) => dateTime(proposedAt) },
        { key: "next", label: <Trans>What is next</Trans>, text: t`What is next`, cell: (row) => <Next row={row} /> },
      ]}
    />
  );
}

function Next({ row: { id, fhirId, own, readyAt, state } }: { row: OpenRebinding }) {
  const api = useApi();
  const queries = useQueryClient();
  const { dateTime } = useFormats();
  const confirm = useMutation({ mutationFn: () => api.confirmRebinding(id), onSettled: () => queries.invalidateQueries({ queryKey: ["rebindings"] }) });
  const ready = readyAt ? dateTime(readyAt) : "";
  if (state === "confirmed") return <Trans>Counts from {ready}, unless the patient refuses it before</Trans>;
  if (own) return <Trans>You proposed it: another administrator has to confirm it</Trans>;
  return (
    <ConfirmButton label={<Trans>Confirm it</Trans>} heading={<Trans>A new key for patient {fhirId}?</Trans>} action={<Trans>Confirm it</Trans>} work={confirm} sure={<Trans>I spoke to the patient myself</Trans>}>
      <p><Trans>After three days it takes the place of all their other keys, unless they refuse it.</Trans></p>
    </ConfirmButton>
  );
}
