import { QueryClient, type UseQueryResult } from "@tanstack/react-query";
import { Trans } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { Button } from "../components/button.js";
import { Notice, Progress } from "../components/notice.js";
import { useFormats } from "../i18n/provider.js";
import { FaultNotice } from "./faults.js";

/** What is read is kept in memory only, for minutes, and looked at again when the person comes back. */
export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // The SDK retries what may be retried.
      queries: { retry: false, staleTime: 5_000, gcTime: 300_000, networkMode: "always" },
      mutations: { retry: false, networkMode: "always" },
    },
  });
}

/** What was asked for, of one service or put together from several. */
export type Asked<T> = Pick<UseQueryResult<T>, "data" | "isError" | "error" | "refetch" | "dataUpdatedAt">;

/** What was asked for; while it comes, if it does not come, and if what stands there is old. */
export function Loaded<T>({ query, waiting, children }: { query: Asked<T>; waiting: ReactNode; children: (data: T) => ReactNode }) {
  if (query.data === undefined) {
    return query.isError ? <FaultNotice error={query.error} retry={() => void query.refetch()} /> : <Progress>{waiting}</Progress>;
  }
  return <>{query.isError && <Stale query={query} />}{children(query.data)}</>;
}

function Stale({ query }: { query: Asked<unknown> }) {
  const { time } = useFormats();
  const at = time(query.dataUpdatedAt / 1000);
  return (
    <Notice kind="warning" heading={<Trans>This is from {at}</Trans>} live>
      <p><Trans>We could not get anything newer. It may have changed since.</Trans></p>
      <div className="actions"><Button small kind="quiet" onPress={() => void query.refetch()}><Trans>Try again</Trans></Button></div>
    </Notice>
  );
}
