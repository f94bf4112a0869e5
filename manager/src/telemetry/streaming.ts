import type { Clock, Log } from '@pier/shared/core';
import { type Order, type TelemetryBatch, compareOrder } from '@pier/shared/wire';
import type { Db } from '../db/index.ts';
import type { Publish, Streamed, Streams } from '../device/index.ts';
import { SampleBudget } from './budget.ts';
import { Leases } from './leases.ts';
import { LogRings } from './log-rings.ts';
import { type Sample, keptMs, storeSamples } from './store.ts';

const cutsMax = 20_000;

export type Streaming = Streams & {
  readonly rings: LogRings;
  readonly leases: Leases;
  readonly budget: SampleBudget;
  /** How many samples of a device, or of one of its apps, were cut: by its agent since its start, and here. */
  droppedOf(device: string, apps: readonly string[]): number;
};

/** What devices stream while somebody looks: the last lines of logs in memory, samples in the database. */
export function openStreaming({ db, clock, log, publish }: { readonly db: Db; readonly clock: Clock; readonly log: Log; readonly publish: Publish }): Streaming {
  const rings = new LogRings(clock);
  const budget = new SampleBudget(clock);
  const cuts = new Map<string, { readonly said: Order; readonly dropped: number }>();
  return {
    rings,
    budget,
    leases: new Leases({ clock, log, publish }),
    takeLog: (said) => rings.take(said),
    takeTelemetry: async (said) => {
      const shares = [...Map.groupBy(said, ({ device }) => device)].map(([device, batches]) => ({ device, ...admitted(batches, budget.admits(device, sizeOf(batches)), clock.nowMs()) }));
      await storeSamples(db, shares.flatMap(({ samples }) => samples));
      for (const { device, samples, dropped } of shares) {
        if (dropped > 0) log.warn({ device, dropped }, 'telemetry.dropped');
        budget.spend(device, { stored: samples.length, dropped });
      }
      for (const { device, app, value } of said) noteCut(cuts, `${device}/${app}`, value);
    },
    droppedOf: (device, apps) => budget.droppedOf(device) + apps.reduce((sum, app) => sum + (cuts.get(`${device}/${app}`)?.dropped ?? 0), 0),
  };
}

function sizeOf(batches: readonly Streamed<TelemetryBatch>[]): number {
  return batches.reduce((sum, { value }) => sum + value.samples.length, 0);
}

/** The first `most` samples of a device; what is older than it would be kept is not stored at all. */
function admitted(batches: readonly Streamed<TelemetryBatch>[], most: number, nowMs: number): { samples: Sample[]; dropped: number } {
  const all = batches.flatMap(samplesOf);
  const samples = all.filter(({ atMs }) => atMs > nowMs - keptMs).slice(0, most);
  return { samples, dropped: all.length - samples.length };
}

function samplesOf({ device, app, atMs, value: { gen, boot, samples, units } }: Streamed<TelemetryBatch>): Sample[] {
  return samples.map(({ n, agoMs, series, value }) => ({ device, app, gen, boot, n, series, value, unit: Object.hasOwn(units, series) ? (units[series] ?? '') : '', atMs: Math.max(0, atMs - agoMs) }));
}

function noteCut(cuts: Map<string, { readonly said: Order; readonly dropped: number }>, key: string, { gen, boot, seq, dropped }: TelemetryBatch): void {
  const before = cuts.get(key);
  if (before && compareOrder({ gen, boot, seq }, before.said) <= 0) return;
  cuts.delete(key);
  cuts.set(key, { said: { gen, boot, seq }, dropped });
  const [longest] = cuts.keys();
  if (cuts.size > cutsMax && longest !== undefined) cuts.delete(longest);
}
