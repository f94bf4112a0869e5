/** Series of a device: what its apps declare, and the samples of a stretch of time, page by page and bounded. */
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import type { DeviceDetail, TelemetryView } from '@pier/shared/api';
import type { Fault } from '@pier/shared/core';
import { againMs, useApi } from '../../api/index.ts';
import type { Sample } from '../../parts/index.ts';
import type { Releases } from './facts.ts';

export type Series = { readonly app: string; readonly name: string; readonly unit: string };
export const seriesKey = ({ app, name }: Series): string => `${app}/${name}`;

/** What the assigned releases say that they report. */
export function declaredSeries(releases: Releases): Series[] {
  return [...releases.values()].flatMap(({ app, asks }) => asks.telemetry.map(({ label, unit }) => ({ app, name: label, unit })));
}

const pageSize = 5_000;
const pagesMax = 4;

export type Stretch = { readonly items: TelemetryView['items']; readonly dropped: number; /** Older samples of the stretch are there, and were not asked for. */ readonly cut: boolean };
type Asked = { readonly id: DeviceDetail['id']; readonly app?: string | undefined; readonly series?: string | undefined; readonly sinceS: number; readonly everyMs: number; readonly enabled?: boolean };

/** The newest samples of a stretch, at most twenty thousand. */
export function useSamples({ id, app, series, sinceS, everyMs, enabled = true }: Asked): UseQueryResult<Stretch, Fault> {
  const api = useApi();
  const request = { params: { device: id }, query: { sinceS, order: 'desc' as const, ...(app !== undefined && { app }), ...(series !== undefined && { series }) } };
  return useQuery<Stretch, Fault>({
    queryKey: ['getTelemetry', request, 'stretch'],
    queryFn: async ({ signal }) => {
      const items: TelemetryView['items'] = [];
      let cursor: string | null = '';
      let dropped = 0;
      for (let page = 0; page < pagesMax && cursor !== null; page += 1) {
        const answer: TelemetryView = await api.call('getTelemetry', { ...request, query: { ...request.query, limit: pageSize, ...(cursor !== '' && { cursor }) } }, signal);
        items.push(...answer.items);
        dropped = answer.dropped;
        cursor = answer.next;
      }
      return { items, dropped, cut: cursor !== null };
    },
    enabled,
    refetchInterval: ({ state }) => (state.status === 'error' ? againMs : everyMs),
  });
}

export function samplesOf(items: TelemetryView['items'], { app, name }: Series): Sample[] {
  return items.filter((item) => item.app === app && item.series === name).map(({ at, value }) => ({ atMs: Date.parse(at), value }));
}

/** Those that move first: a steady value needs no plot to be seen. */
export function liveliest(items: TelemetryView['items'], series: readonly Series[]): Series[] {
  const moves = (one: Series): number => {
    const values = samplesOf(items, one).map(({ value }) => value);
    if (values.length === 0) return -1;
    const [min, max] = [Math.min(...values), Math.max(...values)];
    return max === min ? 0 : (max - min) / Math.max(Math.abs(max), Math.abs(min));
  };
  return series.map((one) => ({ one, moves: moves(one) })).filter((row) => row.moves >= 0).toSorted((a, b) => b.moves - a.moves).map(({ one }) => one);
}
