import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ReleaseUse } from '@pier/shared/api';
import { digestOf } from '@pier/shared/digest';
import { openTestDatabase } from '../../../test/support/postgres.ts';
import { deployment, device, deviceState, release, rollout } from '../db/index.ts';
import { useOf } from './use.ts';

const mine = digestOf('mine');
const other = digestOf('other');
const one = { id: 'rel-1', app: 'blink', digest: mine };
const running = (digest: string) => ({ running: { digest, version: '1.0.0', counter: 1, restarts: 0, sinceMs: 1 } });

let database: Awaited<ReturnType<typeof openTestDatabase>>;
let count = 0;

beforeAll(async () => {
  database = await openTestDatabase();
  const facts = { app: 'blink', repository: 'apps/blink', sizeBytes: 1, asks: {}, limits: {}, state: 'verified', signedBy: { ids: [] }, createdBy: 'dev' };
  await database.db.insert(release).values([{ ...facts, id: 'rel-1', version: '1.0.0', counter: 1, digest: mine }, { ...facts, id: 'rel-2', version: '2.0.0', counter: 2, digest: other }]);
}, 120_000);
afterAll(async () => database[Symbol.asyncDispose]());

/** A device that reports this of its app blink, or nothing at all. */
async function says(said: object | null, app = 'blink'): Promise<string> {
  const id = `use-${(count += 1)}`;
  await database.db.insert(device).values({ id, name: id, model: 'pi', profile: {}, keyId: id });
  await database.db.insert(deviceState).values({ deviceId: id, ...(said ? { reported: { apps: { [app]: said } } } : {}) });
  return id;
}

async function ends(rolloutId: string, releaseId: string, states: readonly (readonly [state: string, code: string | null, text?: string])[]): Promise<void> {
  await database.db.insert(rollout).values({ id: rolloutId, name: rolloutId, releaseId, app: 'blink', state: 'completed', mode: 'static', soakS: 1, deadlineS: 60, maxInFlight: 1, onFailure: 'pause', horizonS: 60, createdBy: 'ada' });
  for (const [state, reasonCode, reasonText = 'so it said'] of states) {
    await database.db.insert(deployment).values({ rolloutId, deviceId: await says(null), app: 'blink', wave: 1, state, reasonCode, reasonText: reasonCode === null ? null : reasonText });
  }
}

const use = async () => ReleaseUse.parse(await useOf(database.db, one));

describe('where a release runs', () => {
  test('nobody has it', async () => {
    await says(null);
    await says({ attempt: 1, digest: mine, state: 'downloading', ...running(other), lastGood: { digest: other } });
    await says({ attempt: 1, digest: mine, state: 'proven', ...running(mine) }, 'other-app');
    expect(await use()).toEqual({ running: 0, proven: 0, soaking: 0, troubles: [] });
  });

  test('proven, soaking, or otherwise, by what devices report of the guest that runs', async () => {
    await says({ attempt: 1, digest: mine, state: 'proven', ...running(mine), lastGood: { digest: mine } });
    await says({ attempt: 1, digest: mine, state: 'soaking', ...running(mine) });
    await says({ attempt: 1, digest: mine, state: 'failed', ...running(mine) });
    // Another release failed there, and the device went back to this one.
    await says({ attempt: 2, digest: other, state: 'failed', ...running(mine), lastGood: { digest: mine } });
    // A person put it there for a while.
    await says({ attempt: 2, digest: other, state: 'proven', ...running(mine), lastGood: { digest: other }, hold: { kind: 'deployed' } });
    expect(await use()).toMatchObject({ running: 5, proven: 2, soaking: 1 });
    // Proven once, and stopped by a person: it does not run.
    await says({ attempt: 1, digest: mine, state: 'proven', lastGood: { digest: mine }, hold: { kind: 'stopped' } });
    expect(await use()).toMatchObject({ running: 5 });
  });
});

test('how its deployments ended badly, in all its rollouts, is counted by reason', async () => {
  await ends('r1', 'rel-1', [['failed', 'guest-trapped', 'unreachable executed'], ['proven', null], ['failed', 'guest-trapped', 'unreachable executed'], ['excluded', 'excluded']]);
  await ends('r2', 'rel-1', [['timed_out', 'timed-out'], ['refused', 'unsigned', 'nobody signed it'], ['failed', 'guest-trapped', 'unreachable executed'], ['timed_out', 'timed-out'], ['rollback_failed', null]]);
  await ends('r3', 'rel-2', [['failed', 'guest-limit']]);
  expect((await use()).troubles).toEqual([
    { code: 'guest-trapped', sentence: 'unreachable executed', count: 3 },
    { code: 'timed-out', sentence: 'The device did not finish in time.', count: 2 },
    { code: 'rollback_failed', sentence: 'No reason was given.', count: 1 },
    { code: 'unsigned', sentence: 'nobody signed it', count: 1 },
  ]);
});
