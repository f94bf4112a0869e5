/** An agent that starts when little else is there, or that was asked to stop in the middle of something. */
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '@pier/shared/core';
import { wat } from '../../../test/support/wat.ts';
import { type Site, asks, blink, entry, ledGuest, openSite, until } from '../../testing/run-stage.ts';
import { startBoard } from '../../testing/site.ts';

let wasm: Uint8Array;
let next: Uint8Array;
let trapping: Uint8Array;
let site: Site;
beforeAll(async () => {
  [wasm, next, trapping] = await Promise.all([wat(ledGuest(3_600_000, '')), wat(ledGuest(3_600_001, '')), wat(ledGuest(100, 'unreachable'))]);
});
beforeEach(async () => {
  site = await openSite();
});
afterEach(() => site[Symbol.asyncDispose]());

test('a board that comes late is waited for, and the app starts with it; no registry is asked', async () => {
  const release = site.registry.push({ wasm, asks });
  {
    await using agent = await site.openAgent();
    agent.want({ blink: entry(release) });
    await until('proven', () => agent.reported()?.state === 'proven');
  }
  await site.board[Symbol.asyncDispose]();
  site.registry.down = true;
  const asked = site.registry.requests.length;
  await using agent = await site.openAgent();
  await systemClock.sleep(500);
  expect(agent.reported()).toMatchObject({ state: 'proven' });
  expect(agent.reported()?.running).toBeUndefined();
  await using board = await startBoard(site.folder);
  await until('running', () => agent.reported()?.running?.digest === release.digest && site.isOn());
  expect([board.dir, agent.events, site.registry.requests.length]).toEqual([site.board.dir, [], asked]);
});

describe('an agent that is asked to stop', () => {
  test.each(['downloading', 'applying', 'soaking'])('while an update is %s leaves the output safe, and the next one brings it to its end', async (state) => {
    const [first, second] = [site.registry.push({ wasm, asks }), site.registry.push({ wasm: next, asks, counter: 2 })];
    {
      await using agent = await site.openAgent();
      agent.want({ blink: entry(first) });
      await until('proven', () => agent.reported()?.state === 'proven');
      const { promise, resolve } = Promise.withResolvers<void>();
      agent.onState = (seen) => {
        if (seen === `2:${state}`) resolve();
      };
      agent.want({ blink: entry(second, { attempt: 2, soakS: 1 }) });
      await promise;
    }
    expect(site.isOn()).toBe(false);
    await using again = await site.openAgent();
    await until('proven', () => again.reported()?.attempt === 2 && again.reported()?.state === 'proven' && site.isOn());
    expect(again.reported()).toMatchObject({ running: { digest: second.digest }, lastGood: { digest: second.digest }, previousGood: { digest: first.digest } });
    expect(again.events).toEqual([]);
  });

  test('while it goes back from a bad release goes back with the next one', async () => {
    const [good, bad] = [site.registry.push({ wasm, asks }), site.registry.push({ wasm: trapping, asks, counter: 2 })];
    {
      await using agent = await site.openAgent();
      agent.want({ blink: entry(good) });
      await until('proven', () => agent.reported()?.state === 'proven');
      const { promise, resolve } = Promise.withResolvers<void>();
      agent.onState = (seen) => {
        if (seen === '2:failed') resolve();
      };
      agent.want({ blink: entry(bad, { attempt: 2, soakS: 60 }) });
      await promise;
    }
    await using again = await site.openAgent();
    await until('the good one', () => again.reported()?.running?.digest === good.digest && site.isOn());
    expect(again.reported()).toMatchObject({ attempt: 2, digest: bad.digest, state: 'failed' });
    expect(again.store.apps.get(blink)?.current).toBe(good.digest);
  });
});
