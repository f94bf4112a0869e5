import type { UseInfiniteQueryResult, UseQueryResult } from '@tanstack/react-query';
import type { Release, ReleaseDifference } from '@pier/shared/api';
import type { Fault } from '@pier/shared/core';
import { useAnswer, usePages, useViewPart } from '../../api/index.ts';

export type ComparedWith = {
  readonly siblings: UseInfiniteQueryResult<{ items: Release[]; pages: number }, Fault>;
  /** Others of the app, the highest counter first. */
  readonly others: readonly Release[];
  /** The chosen one, else the one before it by counter; undefined where there is none before. */
  readonly from: Release | undefined;
  readonly choose: (id: string) => void;
  readonly difference: UseQueryResult<ReleaseDifference, Fault>;
};

/** What this release is compared with; the choice stands in the address. */
export function useCompared(release: Release): ComparedWith {
  const [chosen, choose] = useViewPart('from');
  const siblings = usePages('listReleases', { query: { app: release.app, limit: 100 } });
  const others = (siblings.data?.items ?? []).filter(({ id }) => id !== release.id).toSorted((a, b) => b.counter - a.counter);
  const from = others.find(({ id }) => id === chosen) ?? others.find(({ counter, state }) => counter < release.counter && state !== 'rejected') ?? others.find(({ counter }) => counter < release.counter);
  const difference = useAnswer('compareRelease', { params: { id: release.id }, query: { from: from?.id ?? '' } }, { enabled: from !== undefined });
  return { siblings, others, from, choose, difference };
}
