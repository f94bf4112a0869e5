/**
 * The rows of the list. Their order is that of the moment when they were read, page after page as somebody scrolls, and stays
 * so until it is asked for anew; what stands in the rows that can be seen is kept fresh. So ten thousand devices that change
 * cost no more than a screen of them, and no row moves under a pointer.
 */
import { type InfiniteData, type UseInfiniteQueryResult, keepPreviousData, useInfiniteQuery, useQueries } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import type { AnswerOf, Device } from '@pier/shared/api';
import { type Fault, systemClock } from '@pier/shared/core';
import { againMs, useApi } from '../../api/index.ts';
import type { Order, Which } from './view.ts';

/** A page is a whole number of blocks; the ids of a block fit into one selector. */
export const pageSize = 100;
export const blockSize = 25;

type Page = AnswerOf<'listDevices'> & { readonly readAtMs: number };
export type Rows = {
  readonly query: UseInfiniteQueryResult<InfiniteData<Page>, Fault>;
  readonly rows: readonly Device[];
  readonly readAtMs: (row: number) => number;
  /** Which sorting this is: another one begins at the top. */
  readonly sorting: string;
  readonly sortAgain: () => void;
};

export function useRows({ which, order, enabled }: { which: Which; order: Order; enabled: boolean }): Rows {
  const api = useApi();
  const [again, setAgain] = useState(0);
  const query = useInfiniteQuery<Page, Fault, InfiniteData<Page>, readonly unknown[], string>({
    queryKey: ['sorted devices', which, order, again],
    queryFn: async ({ pageParam, signal }): Promise<Page> => {
      const page = await api.call('listDevices', { query: { ...which, order, limit: pageSize, ...(pageParam !== '' && { cursor: pageParam }) } }, signal);
      return { ...page, readAtMs: systemClock.nowMs() };
    },
    initialPageParam: '',
    getNextPageParam: ({ next }: Page) => next ?? undefined,
    enabled,
    // Neither the stream of changes nor an act reads all pages anew: the rows that are seen are kept fresh by themselves.
    staleTime: 'static',
    gcTime: 0,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (state.status === 'error' && state.data === undefined ? againMs : false),
  });
  const { fetchNextPage, isFetchNextPageError, errorUpdatedAt } = query;
  const failedAtMs = isFetchNextPageError ? errorUpdatedAt : undefined;
  useEffect(() => {
    if (failedAtMs === undefined) return undefined;
    const timer = systemClock.after(Math.max(0, failedAtMs + againMs - systemClock.nowMs()), () => void fetchNextPage());
    return () => timer[Symbol.dispose]();
  }, [failedAtMs, fetchNextPage]);
  const pages = query.data?.pages;
  const rows = useMemo(() => pages?.flatMap(({ items }) => items) ?? [], [pages]);
  return { query, rows, readAtMs: (row) => pages?.[Math.floor(row / pageSize)]?.readAtMs ?? 0, sorting: JSON.stringify([which, order, again]), sortAgain: () => setAgain((was) => was + 1) };
}

/** The rows from `first` to `last` as they are now: asked for by their ids, a block at a time, whenever the stream says that devices changed. */
export function useLiveRows({ rows, readAtMs }: Rows, first: number, last: number): (row: number) => Device | undefined {
  const api = useApi();
  const blocks = rows.length === 0 ? [] : Array.from({ length: Math.floor(last / blockSize) - Math.floor(first / blockSize) + 1 }, (_, n) => Math.floor(first / blockSize) + n).filter((block) => block * blockSize < rows.length);
  const answers = useQueries({
    queries: blocks.map((block) => {
      const items = rows.slice(block * blockSize, (block + 1) * blockSize);
      const request = { query: { selector: `id in (${items.map(({ id }) => id).join(', ')})`, limit: blockSize } };
      return {
        queryKey: ['listDevices', request],
        queryFn: ({ signal }: { signal: AbortSignal }) => api.call('listDevices', request, signal),
        initialData: { items, next: null },
        initialDataUpdatedAt: readAtMs(block * blockSize),
        gcTime: 30_000,
      };
    }),
  });
  const fresh = new Map(answers.flatMap(({ data, dataUpdatedAt }, index) => (dataUpdatedAt >= readAtMs((blocks[index] ?? 0) * blockSize) ? (data?.items ?? []).map((device) => [device.id, device] as const) : [])));
  return (row) => {
    const sorted = rows[row];
    return sorted && (fresh.get(sorted.id) ?? sorted);
  };
}
