import { AppName, type Clock, Fault, isoTime } from '@pier/shared/core';
import type { TelemetryView } from '@pier/shared/api';
import type { Db, telemetry } from '../db/index.ts';
import { existingDevice, refuseNul } from '../device/index.ts';
import { type Handlers, keyAfter, pageOf } from '../http/index.ts';
import { type Key, assignedApps, pageOfSamples } from './store.ts';
import type { Streaming } from './streaming.ts';

/** Logs and telemetry of apps. Asking renews the lease under which the device sends them. */
export function telemetryHandlers({ db, clock, streaming }: { readonly db: Db; readonly clock: Clock; readonly streaming: Streaming }): Pick<Handlers, 'getLog' | 'getTelemetry'> {
  const { leases, rings } = streaming;
  return {
    getLog: async ({ params: { device, app }, query: { after, limit } }) => {
      const { state } = await existingDevice(db, device);
      // Before the lease: what the device sends at once finds its ring.
      const view = rings.read({ device, app, after, limit });
      if (state === 'active') await leases.renew('logLease', device, app);
      return view;
    },
    getTelemetry: async ({ params: { device }, query: { app, series, sinceS, order, limit, cursor } }) => {
      refuseNul('query: series', series ?? '');
      const after = readKey(keyAfter(cursor));
      const { state } = await existingDevice(db, device);
      const apps = app === undefined ? await assignedApps(db, device) : [app];
      if (state === 'active') await Promise.all(apps.map(async (one) => leases.renew('telemetryLease', device, one)));
      const rows = await pageOfSamples(db, { device, app, series, sinceMs: clock.nowMs() - sinceS * 1_000, after, order, limit: limit + 1 });
      return { ...pageOf({ rows, limit, keyOf, show: showSample }), dropped: streaming.droppedOf(device, apps) };
    },
  };
}

type Row = typeof telemetry.$inferSelect;

function showSample({ at, app, series, unit, value }: Row): TelemetryView['items'][number] {
  return { at: isoTime(at.getTime()), app: AppName.parse(app), series, unit, value };
}

function keyOf({ at, app, gen, boot, n }: Row): string {
  return [at.getTime(), app, gen, boot, n].join('/');
}

function readKey(key: string | undefined): Key | undefined {
  if (key === undefined) return undefined;
  const [, atMs, app, gen, boot, n] = /^(\d{1,14})\/([a-z0-9-]{1,63})\/(\d{1,16})\/(\d{1,16})\/(\d{1,16})$/.exec(key) ?? [];
  if (app === undefined) throw new Fault('input-invalid', 'query: cursor: this is not the "next" of an earlier page of telemetry');
  return { atMs: Number(atMs), app, gen: Number(gen), boot: Number(boot), n: Number(n) };
}
