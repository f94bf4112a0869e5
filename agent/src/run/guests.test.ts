import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AppName, type Digest, systemClock } from '@pier/shared/core';
import { Bindings } from '@pier/shared/capability';
import { wat } from '../../../test/support/wat.ts';
import { type Site, asks, blink, entry, led, ledGuest, openSite, until } from '../../testing/run-stage.ts';
import { startBoard } from '../../testing/site.ts';

const other = AppName.parse('other');
const signal = new AbortController().signal;
const line = (number: number): Bindings => Bindings.parse({ led: { kind: 'gpio', chip: 'pinctrl-bcm2711', line: number, modes: ['out'] } });

let well: Uint8Array;
let trapping: Uint8Array;
let exiting: Uint8Array;
let site: Site;
beforeAll(async () => {
  [well, trapping, exiting] = await Promise.all([wat(ledGuest(3_600_000, '')), wat(ledGuest(700, 'unreachable')), wat(ledGuest(50, ''))]);
});
beforeEach(async () => {
  site = await openSite();
});
afterEach(() => site[Symbol.asyncDispose]());

describe('safe state', () => {
  test('is taken by every output when the guest traps, by the agent and not by the guest', async () => {
    await using agent = await site.openAgent();
    agent.want({ blink: entry(site.registry.push({ wasm: trapping, asks }), { soakS: 600 }) });
    await until('the LED on', site.isOn);
    await until('failed', () => agent.reported()?.state === 'failed');
    expect(site.ledNow()?.level).toBe(0);
    const rows = readFileSync(site.board.record, 'utf8').split('\n').slice(0, -1).map((row): unknown => JSON.parse(row));
    expect(rows).toContainEqual(expect.objectContaining({ name: 'GPIO17', level: 0, by: 'agent', consumer: 'blink' }));
    expect(agent.events.some(({ type }) => type === 'safe-state')).toBe(false);
  });

  test('is what the binding says rather than the app, and holds while the agent lives though a released line would float', async () => {
    await using agent = await site.openAgent();
    const bindings = Bindings.parse({ led: { kind: 'gpio', chip: 'pinctrl-bcm2711', line: 17, modes: ['out'], safe: 'high' } });
    agent.want({ blink: entry(site.registry.push({ wasm: trapping, asks }), { soakS: 600, bindings }) });
    await until('failed', () => agent.reported()?.state === 'failed');
    await systemClock.sleep(300);
    expect(site.ledNow()).toMatchObject({ level: 1, direction: 'out' });
  });

  test('holds after a stop by hand, and the app stays stopped over a restart of the agent', async () => {
    {
      await using agent = await site.openAgent();
      agent.want({ blink: entry(site.registry.push({ wasm: well, asks })) });
      await until('proven and on', () => agent.reported()?.state === 'proven' && site.isOn());
      await agent.apps.stop({ app: blink, forS: 600, by: 'alice' }, signal);
      expect(site.isOn()).toBe(false);
      expect(agent.reported()).toMatchObject({ hold: { kind: 'stopped', by: 'alice', forS: 600 }, state: 'proven', lastEnd: { code: 'stopped' } });
    }
    await using again = await site.openAgent();
    await systemClock.sleep(500);
    expect(again.reported()?.running).toBeUndefined();
    await again.apps.start({ app: blink, by: 'bob' }, signal);
    expect(again.reported()?.hold).toBeUndefined();
    expect(again.reported()?.running).toBeDefined();
    await until('the LED on', site.isOn);
  });

  test('holds after the app was removed, and nothing of it is reported any more', async () => {
    await using agent = await site.openAgent();
    agent.want({ blink: entry(site.registry.push({ wasm: well, asks })) });
    await until('proven and on', () => agent.reported()?.state === 'proven' && site.isOn());
    agent.want({});
    await until('gone', () => agent.reported() === undefined);
    expect(site.isOn()).toBe(false);
  });
});

test('a guest’s thread is started ahead of all that its start has to wait for', async () => {
  await using agent = await site.openAgent();
  agent.want({ blink: entry(site.registry.push({ wasm: well, asks })) });
  await until('proven', () => agent.reported()?.state === 'proven');
  // Of a rollout, before the old guest is stopped.
  expect(agent.asked).toEqual(['admit', 'warmUp', 'start']);
  await agent.apps.stop({ app: blink, forS: 600, by: 'alice' }, signal);
  agent.asked.length = 0;
  await agent.apps.start({ app: blink, by: 'bob' }, signal);
  expect(agent.asked.filter((name, at, all) => all.indexOf(name) === at)).toEqual(['warmUp', 'admit', 'start']);
  agent.asked.length = 0;
  await agent.apps.restart({ app: blink, by: 'bob' }, signal);
  expect(agent.asked.filter((name, at, all) => all.indexOf(name) === at)).toEqual(['warmUp', 'admit', 'start']);
});

describe('a guest that was proven', () => {
  test('and ends is started again after a pause, counted and told', async () => {
    await using agent = await site.openAgent();
    agent.want({ blink: entry(site.registry.push({ wasm: trapping, asks })) });
    await until('two restarts', () => (agent.reported()?.running?.restarts ?? 0) >= 2);
    expect(agent.reported()).toMatchObject({ state: 'proven' });
    expect(agent.events[0]).toMatchObject({ type: 'app.trapped', code: 'guest-trapped' });
  });

  test('is restarted by hand', async () => {
    await using agent = await site.openAgent();
    agent.want({ blink: entry(site.registry.push({ wasm: well, asks })) });
    const before = await until('proven', () => agent.reported()?.state === 'proven' && agent.reported()?.running);
    await agent.apps.restart({ app: blink, by: 'alice' }, signal);
    expect(agent.reported()?.running?.sinceMs).toBeGreaterThan(before.sinceMs);
  });
});

test('a guest that ends by itself in its soak has failed', async () => {
  await using agent = await site.openAgent();
  agent.want({ blink: entry(site.registry.push({ wasm: exiting, asks }), { soakS: 600 }) });
  await until('failed', () => agent.reported()?.state === 'failed');
  expect(agent.reported()?.reason).toMatchObject({ code: 'guest-exited' });
  expect(agent.reported()?.running).toBeUndefined();
});

test.each<[string, object, RegExp]>([
  ['that was to call ready and did not', { ready: 'call', withinS: 1 }, /did not call ready within 1 s/],
  ['that was to beat and did not', { ready: 'start', beatS: 1 }, /no beat for 1 s/],
])('a guest %s has failed its soak', async (_name, health, reason) => {
  await using agent = await site.openAgent();
  agent.want({ blink: entry(site.registry.push({ wasm: well, asks, limits: { health } }), { soakS: 600 }) });
  await until('failed', () => agent.reported()?.state === 'failed');
  expect(agent.reported()?.reason).toMatchObject({ code: 'guest-unhealthy', reason: expect.stringMatching(reason) });
});

describe('two apps', () => {
  test('never hold one line: the second is told who has it, and the first is not disturbed', async () => {
    await using agent = await site.openAgent();
    const first = entry(site.registry.push({ wasm: well, asks }));
    agent.want({ blink: first });
    await until('proven', () => agent.reported()?.state === 'proven');
    agent.want({ blink: first, other: entry(site.registry.push({ app: 'other', wasm: well, asks }), { repository: 'apps/other' }) });
    await until('failed', () => agent.reported(other)?.state === 'failed');
    expect(agent.reported(other)?.reason).toMatchObject({ code: 'line-busy', reason: expect.stringContaining('"blink"') });
    expect(agent.reported()?.running).toMatchObject({ restarts: 0 });
  });

  test('do not wait for each other: one hangs in its download, the other is proven', async () => {
    await using agent = await site.openAgent();
    const slow = site.registry.push({ wasm: well, asks });
    const held = site.registry.hold(slow.layer);
    const quick = site.registry.push({ app: 'other', wasm: trapping, asks });
    agent.want({ blink: entry(slow), other: entry(quick, { repository: 'apps/other', bindings: line(22) }) });
    await until('the other proven', () => agent.reported(other)?.state === 'proven');
    expect(agent.reported()?.state).toBe('downloading');
    held.release();
    await until('proven', () => agent.reported()?.state === 'proven');
  });
});

describe('a newer document', () => {
  test('ends a download that hangs', async () => {
    await using agent = await site.openAgent();
    const stuck = site.registry.push({ wasm: trapping, asks });
    site.registry.hold(stuck.layer);
    agent.want({ blink: entry(stuck) });
    await until('downloading', () => agent.reported()?.state === 'downloading');
    const next = site.registry.push({ wasm: well, asks, counter: 2 });
    agent.want({ blink: entry(next, { attempt: 2 }) });
    await until('proven', () => agent.reported()?.state === 'proven');
    expect(agent.reported()).toMatchObject({ attempt: 2, digest: next.digest });
  });

  test('with another line in its bindings moves the guest there', async () => {
    await using agent = await site.openAgent();
    const release = site.registry.push({ wasm: well, asks });
    agent.want({ blink: entry(release) });
    await until('proven and on', () => agent.reported()?.state === 'proven' && site.isOn());
    agent.want({ blink: entry(release, { bindings: line(22) }) });
    await until('the LED off', () => !site.isOn());
    await until('the other line', () => agent.apps.lines()[0]?.held.name === 'GPIO22');
    expect(agent.reported()).toMatchObject({ state: 'proven' });
  });

  test('without the binding takes the line away from the guest', async () => {
    await using agent = await site.openAgent();
    const release = site.registry.push({ wasm: well, asks });
    agent.want({ blink: entry(release) });
    await until('proven and on', () => agent.reported()?.state === 'proven' && site.isOn());
    agent.want({ blink: entry(release, { bindings: {} }) });
    await until('stopped, safe and told', () => agent.reported()?.running === undefined && !site.isOn() && agent.reported()?.reason?.code === 'capability.unbound');
    // A person's doing is no regression of the release.
    expect(agent.reported()?.state).toBe('proven');
    agent.want({ blink: entry(release, { bindings: led }) });
    await until('the LED on again', site.isOn);
    await until('nothing held against it', () => agent.reported()?.reason === undefined && agent.reported()?.state === 'proven');
  });
});

test('a board that goes away ends the guest, and its return brings the guest back without a person', async () => {
  await using agent = await site.openAgent();
  agent.want({ blink: entry(site.registry.push({ wasm: well, asks })) });
  await until('proven and on', () => agent.reported()?.state === 'proven' && site.isOn());
  await site.board[Symbol.asyncDispose]();
  await until('no guest', () => agent.reported()?.running === undefined);
  await using board = await startBoard(site.folder);
  await until('the guest back', () => agent.reported()?.running !== undefined);
  await until('the LED on', site.isOn);
  expect(agent.reported()).toMatchObject({ state: 'proven' });
  expect(agent.events[0]).toMatchObject({ code: 'board-gone' });
  expect(board.dir).toBe(site.board.dir);
});

test('an app that this device does not have cannot be stopped, started or restarted', async () => {
  await using agent = await site.openAgent();
  await expect(agent.apps.stop({ app: blink, forS: 1, by: 'alice' }, signal)).rejects.toMatchObject({ code: 'app-unknown' });
  await expect(agent.apps.start({ app: blink, by: 'alice' }, signal)).rejects.toMatchObject({ code: 'app-unknown' });
  await expect(agent.apps.restart({ app: blink, by: 'alice' }, signal)).rejects.toMatchObject({ code: 'app-unknown' });
});

test('releases that nobody can return to leave the disk', async () => {
  await using agent = await site.openAgent();
  const layers: Digest[] = [];
  for (const counter of [1, 2, 3]) {
    const release = site.registry.push({ wasm: await wat(ledGuest(3_600_000 + counter, '')), asks, counter });
    agent.want({ blink: entry(release, { attempt: counter }) });
    await until(`release ${counter} proven`, () => agent.reported()?.attempt === counter && agent.reported()?.state === 'proven');
    layers.push(release.layer);
  }
  const onDisk = (digest: Digest): boolean => existsSync(join(site.folder, 'agent', 'blobs', digest.replace(':', '-')));
  await until('the first gone', () => !layers.slice(0, 1).some(onDisk));
  expect(layers.map(onDisk)).toEqual([false, true, true]);
});
