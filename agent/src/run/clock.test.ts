/** A wall clock that is a year off, and jumps: nothing that the agent decides may hang on it. */
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { systemClock } from '@pier/shared/core';
import { wat } from '../../../test/support/wat.ts';
import { type Site, asks, blink, entry, ledGuest, openSite, until } from '../../testing/run-stage.ts';

const yearMs = 365 * 86_400_000;
const signal = new AbortController().signal;
let wasm: Uint8Array;
let site: Site;
beforeAll(async () => {
  wasm = await wat(ledGuest(3_600_000, ''));
});
beforeEach(async () => {
  site = await openSite();
});
afterEach(() => site[Symbol.asyncDispose]());

test('a clock that jumps a year ahead in the middle of a soak, and two back in the middle of a hold, changes time stamps and nothing else', async () => {
  const wall = { offMs: 0 };
  await using agent = await site.openAgent({ nowMs: () => systemClock.nowMs() + wall.offMs });
  const release = site.registry.push({ wasm, asks });
  const soakFromMs = systemClock.monotonicMs();
  agent.want({ blink: entry(release, { soakS: 5 }) });
  await until('soaking', () => agent.reported()?.state === 'soaking');
  wall.offMs = yearMs;
  await systemClock.sleep(300);
  expect(agent.reported()?.state).toBe('soaking');
  await until('proven', () => agent.reported()?.state === 'proven');
  expect(systemClock.monotonicMs() - soakFromMs).toBeGreaterThanOrEqual(5_000);
  await agent.apps.stop({ app: blink, forS: 5, by: 'alice' }, signal);
  wall.offMs = -yearMs;
  await systemClock.sleep(300);
  expect(agent.reported()?.hold).toMatchObject({ kind: 'stopped' });
  expect(agent.store.apps.get(blink)?.hold?.leftMs).toBeGreaterThan(0);
  await until('running again', () => agent.reported()?.hold === undefined && agent.reported()?.running !== undefined && site.isOn());
  expect(agent.reported()?.running?.sinceMs).toBeCloseTo(systemClock.nowMs() - yearMs, -5);
  expect(agent.states).toEqual(['1:accepted', '1:downloading', '1:verifying', '1:applying', '1:soaking', '1:proven']);
  expect(agent.events.map(({ type }) => type)).toEqual(['app.held', 'app.released']);
});
