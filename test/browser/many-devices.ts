/** Ten thousand devices as rows of the manager's own database: no processes, so that only the pages and the manager are at work. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiClient, apiClient } from '@pier/shared/api';
import { systemClock } from '@pier/shared/core';
import { type ManagerReady, openStage } from '../support/stage.ts';
import { type OwnDatabase, openOwnDatabase } from './own-database.ts';

export type ManyDevices = { readonly database: OwnDatabase; readonly manager: ManagerReady; readonly api: ApiClient } & AsyncDisposable;

/** Device `dock-00042` is at site `site-2`, in row `42`; every tenth is offline, and all report the same app. */
export async function openManyDevices(devices: number): Promise<ManyDevices> {
  await using opening = new AsyncDisposableStack();
  const database = opening.use(await openOwnDatabase());
  const dir = mkdtempSync(join(tmpdir(), 'pier-many-'));
  opening.defer(() => rmSync(dir, { recursive: true, force: true }));
  const stage = opening.use(openStage(dir, { DATABASE_URL: database.url }));
  const { ready: manager } = await stage.startManager();
  await fill(database, devices);
  const owned = opening.move();
  return { database, manager, api: apiClient({ baseUrl: manager.http, token: manager.admin.token }), [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function fill({ rows }: OwnDatabase, devices: number): Promise<void> {
  const ids = `select n, 'dock-' || lpad(n::text, 5, '0') as id from generate_series(0, $1::int - 1) n`;
  const profile = { model: 'Raspberry Pi 4 Model B', onRelease: 'input', serial: [], chips: [] };
  await rows(
    `insert into device (id, name, model, profile, tags, key_id)
     select id, id, 'raspberry-pi-4b', $2, jsonb_build_object('site', 'site-' || n % 10, 'row', (n % 100)::text), 'sha256:' || md5(id) || md5(n::text) from (${ids}) i`,
    [devices, profile],
  );
  // Heard of from now on: the manager takes for silent only whom it has not heard for long.
  await rows(
    `insert into device_live (device_id, online, conn, agent, gen, boot, seq, rev, last_seen_at)
     select id, n % 10 <> 9, 'c1', '0.1.0', 1, 1, 1, 0, now() + interval '10 minutes' from (${ids}) i`,
    [devices],
  );
  const on = { digest: `sha256:${'a'.repeat(64)}`, version: '1.0.0', counter: 1 };
  const reported = { rev: 0, desired: null, policy: 1, apps: { blink: { ...on, running: { ...on, restarts: 0, sinceMs: 1_000 }, lastGood: on } } };
  await rows(`insert into device_state (device_id, reported, gen, boot, seq, reported_at) select id, $2, 1, 1, 1, now() from (${ids}) i`, [devices, reported]);
  await rows('analyze device, device_live, device_state');
}

/** Changes so many devices a second through the API, a row of a hundred at a time, until it is stopped; each change is in the audit and on the stream. */
export function keepChanging(api: ApiClient, perS: number): AsyncDisposable & { readonly changed: () => number } {
  const stop = new AbortController();
  let [changed, round] = [0, 0];
  const run = async (): Promise<void> => {
    const startMs = systemClock.monotonicMs();
    while (!stop.signal.aborted) {
      round += 1;
      changed += (await api.call('tagDevices', { body: { selector: `row=${round % 100}`, setTags: { site: `site-${round}` } } })).devices;
      const aheadMs = (changed / perS) * 1_000 - (systemClock.monotonicMs() - startMs);
      if (aheadMs > 0) {
        await systemClock.sleep(aheadMs, stop.signal).catch(() => {
          // Stopped while it waited for its turn.
        });
      }
    }
  };
  const running = run();
  return {
    changed: () => changed,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}
