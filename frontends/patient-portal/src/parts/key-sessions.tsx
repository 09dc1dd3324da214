import { Button, FaultNotice, Loaded, Table, useFormats, useSession } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import * as v from "valibot";
import { call } from "../lib/services.js";

const OwnSessions = v.object({ sessions: v.array(v.object({ id: v.string(), current: v.boolean(), createdAt: v.string(), seenAt: v.string(), endsAt: v.string() })) });

/** Where the person is signed in, and how to end it there. */
export function Sessions() {
  const { t } = useLingui();
  const who = useSession();
  const queries = useQueryClient();
  const { dateTime, relative } = useFormats();
  const sessions = useQuery({ queryKey: ["sessions"], queryFn: async ({ signal }) => (await call(who, "auth", "/v1/sessions", OwnSessions, { signal })).sessions });
  const ending = useMutation({
    mutationFn: (id: string) => call(who, "auth", `/v1/sessions/${encodeURIComponent(id)}`, v.unknown(), { method: "DELETE" }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["sessions"] }),
  });
  return (
    <section>
      <h2><Trans>Where you are signed in</Trans></h2>
      {ending.isError && <FaultNotice error={ending.error} />}
      <Loaded query={sessions} waiting={<Trans>Loading…</Trans>}>
        {(all) => (
          <Table
            caption={<Trans>Where you are signed in</Trans>} hideCaption rows={all} rowKey={({ id }) => id}
            columns={[
              { key: "since", label: <Trans>Since</Trans>, text: t`Since`, cell: ({ createdAt }) => dateTime(createdAt) },
              { key: "seen", label: <Trans>Last used</Trans>, text: t`Last used`, cell: ({ seenAt, current }) => (current ? <Trans>Now, on this device</Trans> : relative(seenAt)) },
              { key: "end", label: <Trans>End it</Trans>, text: t`End it`, cell: ({ id, current }) => (current ? <Trans>Use “Sign out”</Trans> : <Button kind="quiet" small pending={ending.isPending && ending.variables === id} onPress={() => ending.mutate(id)}><Trans>Sign out there</Trans></Button>) },
            ]}
          />
        )}
      </Loaded>
    </section>
  );
}
