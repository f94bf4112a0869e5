import { type UseQueryResult, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { SimAct, SimBoardDetail } from '@pier/shared/api';
import type { Fault } from '@pier/shared/core';
import type * as z from 'zod';
import { againMs, useAnswer, useApi, useWhyNot } from '../../api/index.ts';
import { type Kept, keep } from './record.ts';

/** Twice a second for the board and twice for its record: four redraws a second at most, and none while the tab is hidden. */
const pollMs = 500;
const askedMax = 2_000;

export function useBoard(id: string): UseQueryResult<SimBoardDetail, Fault> {
  return useAnswer('getSimBoard', { params: { id } }, { everyMs: pollMs });
}

/** What the board itself recorded, each time only what came since. */
export function useRecord(id: string): UseQueryResult<Kept, Fault> {
  const api = useApi();
  const queries = useQueryClient();
  const queryKey = ['getSimRecording', { params: { id } }, 'kept'] as const;
  return useQuery<Kept, Fault>({
    queryKey,
    queryFn: async ({ signal }) => {
      const before = queries.getQueryData<Kept>(queryKey);
      return keep(before, await api.call('getSimRecording', { params: { id }, query: { limit: askedMax, ...(before && { after: before.next }) } }, signal));
    },
    structuralSharing: false,
    refetchInterval: ({ state }) => (state.status === 'error' ? againMs : pollMs),
  });
}

export type Driver = {
  /** One after another; `then` is called when the board has answered, whatever it said. */
  readonly act: (act: z.input<typeof SimAct>, then?: () => void) => void;
  /** Why nothing can be done now. */
  readonly off: string | undefined;
  /** What the board said to the last act, where it said no. */
  readonly fault: Fault | null;
};

/** Does something to the board; what the board then is shows at once, in place of any older answer that is under way. */
export function useDriver(id: string, { answers }: { answers: boolean }): Driver {
  const api = useApi();
  const queries = useQueryClient();
  const mayNot = useWhyNot('operator');
  const boardKey = ['getSimBoard', { params: { id } }] as const;
  const { mutateAsync, error } = useMutation<SimBoardDetail, Fault, z.input<typeof SimAct>>({
    scope: { id: `simulator ${id}` },
    mutationFn: (body) => api.call('actOnSimBoard', { params: { id }, body }),
    onSuccess: async (detail) => {
      await queries.cancelQueries({ queryKey: boardKey });
      queries.setQueryData(boardKey, detail);
    },
    onSettled: () => {
      void queries.invalidateQueries({ predicate: ({ queryKey: [name] }) => name === 'getSimRecording' || name === 'listAudit' });
    },
  });
  return { act: (body, then = () => {}) => void mutateAsync(body).then(then, then), off: mayNot ?? (answers ? undefined : 'The board does not answer.'), fault: error };
}
