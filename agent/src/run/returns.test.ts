import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Digest, systemClock } from '@pier/shared/core';
import { Event, Reported } from '@pier/shared/wire';
import { wat } from '../../../test/support/wat.ts';
import { type RunStage, type Site, asks, blink, entry, ledGuest, openSite, talkingGuest, until } from '../../testing/run-stage.ts';
import type { Release } from '../../testing/site.ts';

let wasms: readonly Uint8Array[];
let crashing: Uint8Array;
let site: Site;
beforeAll(async () => {
  wasms = await Promise.all([0, 1, 2, 3].map((n) => wat(ledGuest(3_600_000 + n, ''))));
  crashing = await wat(ledGuest(30, 'unreachable'));
});
beforeEach(async () => {
  site = await openSite();
});
afterEach(() => site[Symbol.asyncDispose]());

const push = (counter: number): Release => site.registry.push({ wasm: wasms[counter] ?? crashing, asks, counter });
const isProven = (agent: RunStage, attempt: number): boolean => agent.reported()?.attempt === attempt && agent.reported()?.state === 'proven';
async function prove(agent: RunStage, release: Release, attempt: number): Promise<void> {
  agent.want({ blink: entry(release, { attempt }) });
  await until(`attempt ${attempt} proven`, () => isProven(agent, attempt));
}
const onDisk = (digest: Digest): boolean => existsSync(join(site.folder, 'agent', 'blobs', digest.replace(':', '-')));

describe('a device', () => {
  test('returns to the release that it had proven before, and nothing older', async () => {
    await using agent = await site.openAgent();
    const [oldest, first, second] = [push(0 + 1), push(2), push(3)];
    await prove(agent, oldest, 1);
    await prove(agent, first, 2);
    await prove(agent, second, 3);
    expect(agent.reported()).toMatchObject({ lastGood: { digest: second.digest }, previousGood: { digest: first.digest } });
    await prove(agent, first, 4);
    expect(agent.reported()).toMatchObject({ running: { digest: first.digest }, lastGood: { digest: first.digest }, previousGood: { digest: second.digest } });
    expect(agent.store.numbers.floor(blink)).toMatchObject({ counter: 3 });
    agent.want({ blink: entry(oldest, { attempt: 5 }) });
    await until('refused', () => agent.reported()?.state === 'refused');
    expect(agent.reported()).toMatchObject({ reason: { code: 'release-older' }, running: { digest: first.digest } });
    await prove(agent, second, 6);
    expect([first, second].map(({ layer }) => onDisk(layer))).toEqual([true, true]);
    expect(onDisk(oldest.layer)).toBe(false);
  });

  test('whose power goes while it soaks on the way back starts that soak again', async () => {
    const [first, second] = [push(1), push(2)];
    {
      await using agent = await site.openAgent();
      await prove(agent, first, 1);
      await prove(agent, second, 2);
      agent.want({ blink: entry(first, { attempt: 3, soakS: 2 }) });
      await until('soaking', () => agent.reported()?.state === 'soaking');
    }
    await using again = await site.openAgent();
    await until('proven', () => isProven(again, 3));
    expect(again.reported()).toMatchObject({ lastGood: { digest: first.digest }, previousGood: { digest: second.digest } });
  });

  test('that was proven again under a higher attempt keeps the one before', async () => {
    await using agent = await site.openAgent();
    const [first, second] = [push(1), push(2)];
    await prove(agent, first, 1);
    await prove(agent, second, 2);
    await prove(agent, second, 3);
    expect(agent.reported()).toMatchObject({ previousGood: { digest: first.digest } });
  });
});

describe('a release that was proven and ends badly again and again', () => {
  test('has failed, and the device goes back to the one before, which is the last good one then', async () => {
    await using agent = await site.openAgent({ hurry: 20 });
    const first = push(1);
    await prove(agent, first, 1);
    const bad = site.registry.push({ wasm: crashing, asks, counter: 2 });
    await prove(agent, bad, 2);
    expect(agent.reported()).toMatchObject({ lastGood: { digest: bad.digest }, previousGood: { digest: first.digest } });
    await until('failed and back', () => agent.reported()?.state === 'failed' && agent.reported()?.running?.digest === first.digest);
    expect(agent.reported()).toMatchObject({ attempt: 2, digest: bad.digest, reason: { code: 'guest-trapped', reason: expect.stringContaining('again and again') }, lastGood: { digest: first.digest } });
    expect(agent.reported()?.previousGood).toBeUndefined();
    expect(agent.events.map(({ type }) => type)).toEqual([...Array.from({ length: 5 }, () => 'app.trapped'), 'app.failed', 'app.rolled-back']);
    agent.want({ blink: entry(bad, { attempt: 2 }) });
    await systemClock.sleep(300);
    expect(agent.reported()?.running?.digest).toBe(first.digest);
    agent.want({ blink: entry(bad, { attempt: 3 }) });
    await until('tried again under another attempt', () => agent.reported()?.attempt === 3 && agent.reported()?.digest === bad.digest);
  });

  test('has failed, and is tried on, where there is none before', async () => {
    await using agent = await site.openAgent({ hurry: 20 });
    const bad = site.registry.push({ wasm: crashing, asks, counter: 1 });
    await prove(agent, bad, 1);
    await until('failed', () => agent.reported()?.state === 'failed');
    await until('tried on', () => agent.events.filter(({ type }) => type === 'app.trapped').length > 5);
    expect(agent.reported()).toMatchObject({ lastGood: { digest: bad.digest } });
    expect(agent.events.filter(({ type }) => type === 'app.failed')).toHaveLength(1);
  });
});

describe('a cause of death', () => {
  const dying = () => wat(talkingGuest('first\\nlast words\\n', '(call $sleep (i64.const 100)) unreachable'));

  test('of a guest on probation is told with its last lines and the time until its outputs were safe', async () => {
    await using agent = await site.openAgent();
    agent.want({ blink: entry(site.registry.push({ wasm: await dying() }), { soakS: 600 }) });
    await until('failed', () => agent.reported()?.state === 'failed');
    expect(agent.events).toMatchObject([{ type: 'app.failed', code: 'guest-trapped', lastOutput: ['first', 'last words'], safeMs: expect.any(Number) }]);
    const end = await until('its end', () => agent.reported()?.lastEnd);
    expect(end).toMatchObject({ code: 'guest-trapped', reason: expect.stringContaining('unreachable') });
    expect(end.safeMs).toBeGreaterThanOrEqual(0);
    for (const event of agent.events) Event.parse({ ...event, gen: 1, boot: 1, seq: 1 });
    Reported.shape.apps.parse({ blink: agent.reported() });
  });

  test('of a guest that was proven is told each time, and its lines are kept over its restarts', async () => {
    await using agent = await site.openAgent({ hurry: 10 });
    agent.want({ blink: entry(site.registry.push({ wasm: await dying() })) });
    await until('two ends', () => agent.events.length >= 2);
    expect(agent.events.slice(0, 2)).toMatchObject([
      { type: 'app.trapped', lastOutput: ['first', 'last words'] },
      { type: 'app.trapped', lastOutput: ['first', 'last words', 'first', 'last words'] },
    ]);
    expect(agent.apps.trace(blink)?.lines.after(0).slice(0, 2)).toMatchObject([{ n: 1, stream: 'stdout', text: 'first' }, { n: 2, text: 'last words' }]);
  });

  test('is told after an update too, whose end of the old guest was wanted', async () => {
    await using agent = await site.openAgent();
    await prove(agent, push(1), 1);
    await until('on', site.isOn);
    await prove(agent, push(2), 2);
    expect(agent.reported()?.lastEnd).toMatchObject({ code: 'stopped', reason: 'attempt 2 takes its place', safeMs: expect.any(Number) });
    expect(agent.events).toEqual([]);
  });
});

test('what a guest uses is known while it lives', async () => {
  await using agent = await site.openAgent();
  agent.want({ blink: entry(site.registry.push({ wasm: await wat(talkingGuest('hello\\n', '(call $sleep (i64.const 3600000))')) })) });
  const usage = await until('its output', () => agent.apps.usage()[blink]?.outputBytes === 6 && agent.apps.usage()[blink]);
  expect(usage).toEqual({ cpuMs: expect.any(Number), memoryBytes: 65_536, outputBytes: 6 });
  agent.want({});
  await until('gone', () => agent.reported() === undefined);
  expect(agent.apps.usage()).toEqual({});
  expect(agent.apps.trace(blink)).toBeUndefined();
});
