import { type UseQueryResult, useQueries } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { DeviceDetail, PinsView, Release } from '@pier/shared/api';
import type { Fault } from '@pier/shared/core';
import { useAnswer, useApi } from '../../api/index.ts';
import { type Look, keepLooks } from '../../parts/index.ts';
import type { Releases } from './facts.ts';

export const pinsEveryMs = 250;
export const edgesSpanMs = 10_000;

/** The assigned release of each app: what it asks for, and its limits. Those that could not be read are left out. */
export function useReleases({ assignments }: Pick<DeviceDetail, 'assignments'>): Releases {
  const api = useApi();
  return useQueries({
    queries: assignments.map(({ release }) => ({
      queryKey: ['getRelease', { params: { id: release } }],
      queryFn: ({ signal }: { signal: AbortSignal }) => api.call('getRelease', { params: { id: release } }, signal),
    })),
    combine: (answers: readonly { data: Release | undefined }[]) => new Map(answers.flatMap(({ data }) => (data ? [[data.app, data] as const] : []))),
  });
}

export type LivePins = { readonly query: UseQueryResult<PinsView, Fault>; readonly looks: readonly Look[] };

/** Levels four times a second while the page is in sight and the device online, and the looks of the last seconds. */
export function usePins({ id, online }: Pick<DeviceDetail, 'id' | 'online'>): LivePins {
  const query = useAnswer('getPins', { params: { device: id } }, { everyMs: pinsEveryMs, enabled: online });
  const [looks, setLooks] = useState<readonly Look[]>([]);
  const { data, dataUpdatedAt } = query;
  useEffect(() => {
    if (data === undefined || data.at === null) return;
    const lines = data.lines.map(({ name, label, level, edges }) => ({ name, label, edges, level: level === 1 ? 1 as const : 0 as const }));
    setLooks((was) => (was.at(-1)?.atMs === dataUpdatedAt ? was : keepLooks(was, { atMs: dataUpdatedAt, lines }, edgesSpanMs)));
  }, [data, dataUpdatedAt]);
  return { query, looks };
}
