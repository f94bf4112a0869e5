import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asc, eq } from 'drizzle-orm';
import { pick, randomSelector, seeded } from '../../../../shared/src/selector/toy-selectors.ts';
import { selectorText } from '@pier/shared/selector';
import { openTestDatabase } from '../../../../test/support/postgres.ts';
import { audit, deployment, rollout } from '../../db/index.ts';
import { createRollout } from '../create.ts';
import { forecastRollout } from './forecast.ts';
import { bound, faultOf, planOf, planWorld } from './toy-plan.ts';

let opened: Awaited<ReturnType<typeof openTestDatabase>>;
let world: ReturnType<typeof planWorld>;
beforeAll(async () => {
  opened = await openTestDatabase();
  world = planWorld(opened.db);
}, 120_000);
afterAll(async () => opened[Symbol.asyncDispose](), 60_000);

const forecast = async (of: Record<string, unknown>) => forecastRollout(world.deps, planOf(of));

test('who is left out, who would wait and why, and what is fetched', async () => {
  const release = await world.addRelease();
  const onDevice = { digest: release.digest, version: release.version, counter: release.counter };
  const { led } = bound;
  await world.addDevices(
    [
      { id: 'f-01-fine' },
      { id: 'f-02-runs-it', said: { running: { ...onDevice, restarts: 0, sinceMs: 1 } } },
      { id: 'f-03-holds-it', said: { running: { digest: `sha256:${'0'.repeat(64)}` }, lastGood: onDevice } },
      { id: 'f-04-offline', online: false },
      { id: 'f-05-offline-unbound', online: false, bindings: null },
      { id: 'f-06-unbound', bindings: null },
      { id: 'f-07-mode', bindings: { led: { ...led, modes: ['in'] } } },
      { id: 'f-08-stopped', said: { hold: { kind: 'stopped', by: 'bob', forS: 60 } } },
      { id: 'f-09-deployed', online: false, said: { hold: { kind: 'deployed', by: 'bob', forS: 60 } } },
      { id: 'f-10-pending', state: 'pending' },
      { id: 'f-11-revoked', state: 'revoked' },
      { id: 'f-12-hand', byHand: true },
      { id: 'f-13-nonsense', said: { hold: 'stopped', running: [1], lastGood: null } },
    ].map((one) => ({ ...one, tags: { site: 'f' } })),
  );
  const before = await world.db.$count(audit);
  expect(await forecast({ release: release.id, selector: 'site=f', waves: [{ take: { by: 'count', count: 1 } }] })).toEqual({
    app: 'blink',
    version: release.version,
    devices: 10,
    online: 7,
    waves: [{ n: 1, devices: 1 }, { n: 2, devices: 9 }],
    bytes: 8 * release.sizeBytes,
    leftOut: [
      { code: 'device.pending', sentence: expect.stringContaining('let it in') as string, count: 1, devices: ['f-10-pending'] },
      { code: 'device.revoked', sentence: expect.any(String) as string, count: 1, devices: ['f-11-revoked'] },
      { code: 'assigned.by-hand', sentence: expect.any(String) as string, count: 1, devices: ['f-12-hand'] },
    ],
    wouldWait: [
      { code: 'device.offline', sentence: expect.any(String) as string, count: 2, devices: ['f-04-offline', 'f-05-offline-unbound'] },
      { code: 'capability.unbound', sentence: '"led" (gpio out) is not bound to a line on this device', count: 1, devices: ['f-06-unbound'] },
      { code: 'capability.mode', sentence: '"led" asks for out, its binding allows in', count: 1, devices: ['f-07-mode'] },
      { code: 'app.held', sentence: expect.any(String) as string, count: 1, devices: ['f-08-stopped'] },
      { code: 'app.deployed-by-hand', sentence: expect.any(String) as string, count: 1, devices: ['f-09-deployed'] },
    ],
    needsApproval: null,
  });
  expect(await world.db.$count(audit)).toBe(before);
  expect(await world.db.$count(rollout)).toBe(0);
});

test('of many devices with one reason the first few are named', async () => {
  await world.addDevices(Array.from({ length: 25 }, (_, n) => ({ id: `many-${n + 10}`, online: false, tags: { site: 'many' } })));
  const { wouldWait } = await forecast({ release: (await world.addRelease()).id, selector: 'site=many' });
  expect(wouldWait).toMatchObject([{ count: 25, devices: Array.from({ length: 10 }, (_, n) => `many-${n + 10}`) }]);
});

test('what needs approval is told before', async () => {
  await world.addDevices([{ id: 'lonely', bindings: null }]);
  expect(await forecast({ release: (await world.addRelease()).id, devices: ['lonely'] })).toMatchObject({ needsApproval: { code: 'approval.uncovered' }, wouldWait: [{ code: 'capability.unbound' }] });
});

describe('the start does what the forecast said', () => {
  test('over seeded plans: the same waves, or the same refusal', async () => {
    const random = seeded(21);
    const tags = () => ({ site: pick(random, ['harbour', 'quay']), role: pick(random, ['pump', 'meter']), fleet: 'g' });
    await world.addDevices(Array.from({ length: 40 }, (_, n) => ({ id: `g-${n + 10}`, tags: tags(), online: random() < 0.7, ...(n < 4 || random() < 0.3 ? { bindings: null } : {}), byHand: random() < 0.1, state: random() < 0.1 ? 'pending' : 'active' })));
    const seen = new Set<string>();
    for (let n = 0; n < 40; n += 1) {
      const selector = `fleet=g and (${pick(random, [selectorText(randomSelector(random, 2)), 'site=harbour', 'not exists(spare)', 'role in (pump, meter)'])})`;
      const waves = Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({ take: pick(random, [{ by: 'count', count: 2 }, { by: 'percent', percent: 12.5 }, { by: 'selector', selector: 'role=pump' }, { by: 'rest' }]) }));
      const plan = { release: (await world.addRelease()).id, selector, waves };
      const told = await orRefusal(forecast(plan));
      const done = await orRefusal(createRollout(world.deps, planOf(plan), 'ada').then(storedAs));
      expect(told).toMatchObject(done);
      seen.add('code' in done ? done.code : done.needsApproval ? 'approval' : 'running');
    }
    expect([...seen].sort()).toEqual(['approval', 'running', 'selection-empty']);
  });
});

/** A rollout as it was stored, in the words of a forecast. */
async function storedAs(id: string) {
  const rows = await world.db.select().from(deployment).where(eq(deployment.rolloutId, id)).orderBy(asc(deployment.wave));
  const found = (await world.db.select().from(rollout).where(eq(rollout.id, id)))[0];
  const waves = [...Map.groupBy(rows, (row) => row.wave)].map(([n, those]) => ({ n, devices: those.length }));
  return { waves, devices: rows.length, needsApproval: found?.reasonCode ? { code: found.reasonCode, reason: found.reasonText } : null };
}

async function orRefusal<T>(act: Promise<T>): Promise<T | { code: string; message: string }> {
  return (await Promise.allSettled([act]))[0]?.status === 'fulfilled' ? act : faultOf(act);
}
