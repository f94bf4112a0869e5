/** Random lives of a device: whatever it could start again is kept, and nothing else. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AppName, type Digest, silentLog } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { type AppRecord, type Hold, type Store, openStore } from '../store/index.ts';
import { Pruner } from './pruner.ts';

/** Uniform whole numbers below `n`, the same for the same seed (mulberry32). */
function seeded(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
  };
}

const names = ['one', 'two', 'three'].map((name) => AppName.parse(name));
/** How often each step comes: an app that is removed all the time never has a release before its last good one. */
const weights = [0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2, 3, 4, 5, 6, 7] as const;
const good = (digest: Digest) => ({ digest, version: '1.0.0', counter: 1 });
const blobs = (digest: Digest): string[] => ['manifest', 'config', 'signatures', 'layer'].map((part) => `${part} of ${digest}`);

/** Fetches a release as the verifier does: evidence, record, wasm. */
async function fetchRelease(store: Store, app: AppName, digest: Digest): Promise<void> {
  const [manifest, config, signatures, layer] = await Promise.all(blobs(digest).map((text) => store.blobs.put(Buffer.from(text))));
  if (!manifest || !config || !signatures || !layer) throw new Error('four blobs were put');
  store.releases.set(digest, { app, version: '1.0.0', counter: 1, repository: 'r', manifest, config, signatures, layer, policy: 1 });
}

/** One step in the life of an app; what each leaves is what the run stage leaves. */
function live(record: AppRecord, { digest, step }: { digest: Digest; step: number }): AppRecord | null {
  const { lastGood, previousGood, wanted } = record;
  const held = (one: Digest): Hold => ({ kind: 'deployed', by: 'alice', forS: 60, leftMs: 1, attempt: 1, digest: one, repository: 'r', isProven: false });
  const want = { repository: 'r', digest, version: '1.0.0' as never, counter: 1, attempt: 1, soakS: 0, bindings: {}, rev: 1 };
  const steps: readonly (() => AppRecord | null)[] = [
    () => ({ ...record, wanted: want, progress: { attempt: 1, digest, rev: 1, state: 'accepted' } }),
    () => (wanted ? { ...record, current: wanted.digest, progress: { attempt: 1, digest: wanted.digest, rev: 1, state: 'soaking' } } : record),
    () => (wanted ? { ...record, current: wanted.digest, lastGood: good(wanted.digest), previousGood: lastGood && lastGood.digest !== wanted.digest ? lastGood : previousGood } : record),
    () => ({ ...record, current: lastGood?.digest ?? null }),
    () => (previousGood ? { ...record, current: previousGood.digest, lastGood: previousGood, previousGood: null } : record),
    () => ({ ...record, hold: held(digest) }),
    () => ({ ...record, hold: null }),
    () => null,
  ];
  return (steps[step] ?? steps[0])?.() ?? null;
}

test.each([1, 2, 3, 4])('of a random life (seed %i) every release that could be started again is whole on disk, and no other byte', async (seed) => {
  const folder = mkdtempSync(join(tmpdir(), 'pier-prune-'));
  const random = seeded(seed);
  try {
    using store = await openStore(folder);
    const pruner = new Pruner({ store, log: silentLog });
    const nothing: AppRecord = { wanted: null, progress: null, current: null, lastGood: null, previousGood: null, hold: null };
    let alone = 0;
    for (let n = 0; n < 90; n += 1) {
      const app = names[random(names.length)] ?? names[0];
      if (!app) throw new Error('there is an app');
      const digest = digestOf(`${app} ${random(12)}`);
      const step = weights[random(weights.length)] ?? 0;
      await pruner.whileFetching(async () => {
        if (step === 0 || step === 5) await fetchRelease(store, app, digest);
        // Somebody else's turn ends meanwhile: what was fetched is nobody's yet, and stays.
        pruner.prune();
        await pruner.idle();
        const next = live(store.apps.get(app) ?? nothing, { digest, step });
        if (next) store.apps.set(app, next);
        else store.apps.remove(app);
      });
      pruner.prune();
      await pruner.idle();
      const needed = new Set([...store.apps.all().values()].flatMap(({ current, wanted, lastGood, previousGood, hold, progress }) => [current, wanted?.digest, lastGood?.digest, previousGood?.digest, progress?.digest, hold?.kind === 'deployed' ? hold.digest : undefined].filter((one) => one)));
      const files = [...needed].flatMap((one) => blobs(one as Digest)).map((text) => digestOf(text).replace(':', '-'));
      expect(readdirSync(join(folder, 'blobs')).toSorted(), `after step ${n}`).toEqual(files.toSorted());
      alone += [...store.apps.all().values()].filter(({ previousGood, current, wanted, lastGood, progress }) => previousGood && ![current, wanted?.digest, lastGood?.digest, progress?.digest].includes(previousGood.digest)).length;
      for (const one of needed) expect(store.releases.get(one as Digest)).toBeDefined();
    }
    expect(alone).toBeGreaterThan(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
