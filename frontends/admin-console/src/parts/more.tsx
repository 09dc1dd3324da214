import { Button } from "@consentry/ui";
import { Trans } from "@lingui/react/macro";
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import type { PageOf } from "../lib/api.js";
import { AdminFault } from "./fault.js";

/** The rows of all pages that were read. */
export function rowsOf<T>(query: UseInfiniteQueryResult<InfiniteData<PageOf<T>>>): T[] {
  return query.data?.pages.flatMap(({ rows }) => rows) ?? [];
}

/** The way to further rows, while there are any. */
export function More<T>({ query }: { query: UseInfiniteQueryResult<InfiniteData<PageOf<T>>> }) {
  return (
    <>
      {query.isFetchNextPageError && <AdminFault error={query.error} />}
      {query.hasNextPage && <div className="actions"><Button kind="quiet" pending={query.isFetchingNextPage} onPress={() => void query.fetchNextPage()}><Trans>Show more</Trans></Button></div>}
    </>
  );
}
