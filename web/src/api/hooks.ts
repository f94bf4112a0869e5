import { type UseInfiniteQueryResult, type UseMutationResult, type UseQueryResult, keepPreviousData, useInfiniteQuery, useIsFetching, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { AnswerOf, CallOf, RouteName, StreamName } from '@pier/shared/api';
import type { Fault } from '@pier/shared/core';
import { useApi } from './api.tsx';

type Answered = Exclude<RouteName, StreamName>;
/** Routes that answer a page: `items`, and `next` to ask on with. */
type Paged = { [N in Answered]: AnswerOf<N> extends { items: readonly unknown[]; next: string | null } ? N : never }[Answered];
export type ItemOf<N extends Paged> = AnswerOf<N>['items'][number];

/** An answer is taken as it is for so long, unless the stream says that it is old. */
export const freshMs = 30_000;

/** A question that failed is asked again after so long, until it is answered. */
export const againMs = 5_000;

export type AskOptions = {
  readonly enabled?: boolean;
  /** Asks again this often, for what no stream tells of: pins, logs, samples. */
  readonly everyMs?: number;
  /** Shows the answer to the last question until the new one is answered; for what is typed, such as a selector. */
  readonly keep?: boolean;
};

/** The answer of one route, kept fresh by the stream of changes. `error` is always a Fault. */
export function useAnswer<N extends Answered>(name: N, request: CallOf<N>, { enabled = true, everyMs, keep = false }: AskOptions = {}): UseQueryResult<AnswerOf<N>, Fault> {
  const api = useApi();
  return useQuery<AnswerOf<N>, Fault>({
    queryKey: [name, request],
    queryFn: ({ signal }) => api.call(name, request, signal),
    enabled,
    refetchInterval: ({ state }) => (state.status === 'error' || state.fetchFailureCount > 0 ? againMs : (everyMs ?? false)),
    ...(keep && { placeholderData: keepPreviousData }),
  });
}

/** How many questions wait for their first answer. */
export function useUnanswered(): number {
  return useIsFetching({ predicate: ({ state }) => state.status === 'pending' });
}

/** So many pages of a list are asked for again when something changes. Whoever has read further back reads a list that stands still: all of it anew each second would be no end of questions. */
export const freshPagesMax = 5;

/** The pages of a list, one after the other, as many as were asked for; never the whole list at once. */
export function usePages<N extends Paged>(name: N, request: CallOf<N>, { enabled = true, keep = false }: Omit<AskOptions, 'everyMs'> = {}): UseInfiniteQueryResult<{ items: ItemOf<N>[]; pages: number }, Fault> {
  const api = useApi();
  return useInfiniteQuery({
    queryKey: [name, request, 'pages'],
    queryFn: ({ pageParam, signal }) => api.call(name, { ...request, query: { ...queryOf(request), ...(pageParam !== '' && { cursor: pageParam }) } }, signal),
    initialPageParam: '',
    getNextPageParam: (last: AnswerOf<N>) => (last as { next: string | null }).next ?? undefined,
    select: ({ pages }) => ({ items: pages.flatMap((page) => (page as { items: ItemOf<N>[] }).items), pages: pages.length }),
    enabled,
    staleTime: ({ state }) => ((state.data?.pages.length ?? 0) > freshPagesMax ? 'static' : freshMs),
    refetchInterval: ({ state }) => (state.status === 'error' ? againMs : false),
    ...(keep && { placeholderData: keepPreviousData }),
  }) as UseInfiniteQueryResult<{ items: ItemOf<N>[]; pages: number }, Fault>;
}

function queryOf(request: object): object {
  return 'query' in request && typeof request.query === 'object' && request.query !== null ? request.query : {};
}

/** Does something, and asks again for all that is on the page: what was done shows at once, not when the stream tells of it. */
export function useAct<N extends Answered>(name: N): UseMutationResult<AnswerOf<N>, Fault, CallOf<N>> {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation<AnswerOf<N>, Fault, CallOf<N>>({
    mutationFn: (request) => api.call(name, request),
    onSettled: () => queries.invalidateQueries(),
  });
}
