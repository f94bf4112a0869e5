import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AppName, systemClock } from '@pier/shared/core';
import { Bindings } from '@pier/shared/capability';
import { wat } from '../../../test/support/wat.ts';
import { type RunStage, type Site, asks, blink, entry, led, ledGuest, openSite, until } from '../../testing/run-stage.ts';
import type { Release } from '../../testing/site.ts';

const signal = new AbortController().signal;
let wasms: readonly Uint8Array[];
let trapping: Uint8Array;
let site: Site;
beforeAll(async () => {
  wasms = await Promise.all([0, 1, 2, 3].map((n) => wat(ledGuest(3_600_000 + n, ''))));
  trapping = await wat(ledGuest(500, 'unreachable'));
});
beforeEach(async () => {
  site = await openSite();
});
afterEach(() => site[Symbol.asyncDispose]());

const push = (counter: number): Release => site.registry.push({ wasm: wasms[counter] ?? trapping, asks, counter });
const isProven = (agent: RunStage, attempt: number): boolean => agent.reported()?.attempt === attempt && agent.reported()?.state === 'proven';
const types = (agent: RunStage): string[] => agent.events.map(({ type }) => type);

/** A device whose blink 1 is proven under attempt 1. */
async function makeGood(agent: RunStage): Promise<Release> {
  const good = push(1);
  agent.want({ blink: entry(good) });
  await until('proven and on', () => isProven(agent, 1) && site.isOn());
  return good;
}
const deploy = (agent: RunStage, release: Pick<Release, 'digest'>, more: { forS?: number; repository?: string } = {}) => agent.apps.deploy({ app: blink, digest: release.digest, forS: 3_600, by: 'operator:alice', ...more }, signal);

describe('a stop by hand', () => {
  test('ends when its time is over, and what is desired runs again', async () => {
    await using agent = await site.openAgent();
    await makeGood(agent);
    await agent.apps.stop({ app: blink, forS: 3, by: 'operator:alice' }, signal);
    expect(agent.reported()).toMatchObject({ hold: { kind: 'stopped', by: 'operator:alice', forS: 3 }, lastEnd: { code: 'stopped', reason: 'stopped by operator:alice' } });
    expect(agent.reported()?.running).toBeUndefined();
    await until('running again', () => agent.reported()?.running !== undefined && site.isOn());
    expect(agent.reported()?.hold).toBeUndefined();
    expect(agent.events).toMatchObject([{ type: 'app.held', reason: expect.stringContaining('operator:alice') }, { type: 'app.released', reason: 'the 3 s of operator:alice are over' }]);
  });

  test('survives a restart of the agent with what is left of its time, and ends with a new attempt', async () => {
    const next = push(2);
    {
      await using agent = await site.openAgent();
      await makeGood(agent);
      await agent.apps.stop({ app: blink, forS: 3_600, by: 'operator:alice' }, signal);
      await systemClock.sleep(300);
    }
    await using again = await site.openAgent();
    const { hold } = again.store.apps.get(blink) ?? {};
    expect(hold?.leftMs).toBeLessThanOrEqual(3_599_700);
    expect(again.reported()?.hold).toMatchObject({ forS: 3_600 });
    again.want({ blink: entry(next, { attempt: 2 }) });
    await until('the new one', () => isProven(again, 2));
    expect(again.reported()?.hold).toBeUndefined();
    expect(types(again)).toContain('app.released');
  });

  test.each([
    ['that is over is over though the agent was not there to see it', 0],
    ['of which a little is left ends under the next agent', 500],
  ])('%s', async (_name, leftMs) => {
    {
      await using agent = await site.openAgent();
      await makeGood(agent);
      await agent.apps.stop({ app: blink, forS: 600, by: 'operator:alice' }, signal);
      const record = agent.store.apps.get(blink);
      if (record?.hold) agent.store.apps.set(blink, { ...record, hold: { ...record.hold, leftMs } });
    }
    await using again = await site.openAgent();
    await until('running', () => again.reported()?.running !== undefined && again.reported()?.hold === undefined);
  });

  test('is ended by a start, which says who', async () => {
    await using agent = await site.openAgent();
    await makeGood(agent);
    await agent.apps.stop({ app: blink, forS: 600, by: 'operator:alice' }, signal);
    await agent.apps.start({ app: blink, by: 'operator:bob' }, signal);
    expect(agent.reported()?.running).toBeDefined();
    expect(agent.events.at(-1)).toMatchObject({ type: 'app.released', reason: 'started by operator:bob' });
  });
});

describe('a release that is deployed by hand', () => {
  test('runs in the place of the desired one, also after a reboot, and leaves the record of good releases alone', async () => {
    const other = push(2);
    let good: Release;
    {
      await using agent = await site.openAgent();
      good = await makeGood(agent);
      await deploy(agent, other);
      expect(agent.reported()).toMatchObject({ running: { digest: other.digest }, hold: { kind: 'deployed', by: 'operator:alice', forS: 3_600, digest: other.digest }, attempt: 1, digest: good.digest, state: 'proven', lastGood: { digest: good.digest } });
      expect(agent.events.at(-1)).toMatchObject({ type: 'app.held', digest: other.digest });
      expect(agent.store.numbers.floor(blink)).toMatchObject({ counter: 1 });
    }
    site.registry.down = true;
    await using again = await site.openAgent();
    await until('still the other', () => again.reported()?.running?.digest === other.digest);
    await again.apps.restart({ app: blink, by: 'operator:bob' }, signal);
    expect(again.reported()).toMatchObject({ running: { digest: other.digest }, hold: { kind: 'deployed' } });
    await again.apps.start({ app: blink, by: 'operator:bob' }, signal);
    expect(again.reported()).toMatchObject({ running: { digest: good.digest }, state: 'proven' });
    expect(again.reported()?.hold).toBeUndefined();
  });

  test('gives way when its time is over', async () => {
    await using agent = await site.openAgent();
    const good = await makeGood(agent);
    await deploy(agent, push(2), { forS: 1 });
    await until('back', () => agent.reported()?.running?.digest === good.digest);
    expect(types(agent)).toEqual(['app.held', 'app.released']);
  });

  test.each<[string, string, () => Pick<Release, 'digest'>]>([
    ['unsigned', 'unsigned', () => site.registry.push({ wasm: wasms[2] ?? trapping, asks, counter: 2, signers: [] })],
    ['of another app', 'manifest-invalid', () => site.registry.push({ app: 'other', wasm: wasms[2] ?? trapping, asks, counter: 3 })],
    ['older than what was proven here', 'release-older', () => site.registry.push({ wasm: wasms[0] ?? trapping, asks, counter: 1 })],
    ['asking for what is not bound', 'capability.unbound', () => site.registry.push({ wasm: wasms[2] ?? trapping, asks: { gpio: [...asks.gpio, { label: 'relay', mode: 'out', safe: 'inactive' }] }, counter: 3 })],
    ['importing what it did not ask for', 'import-denied', () => site.registry.push({ wasm: wasms[2] ?? trapping, counter: 3 })],
    ['that nobody has', 'not-found', () => ({ digest: `sha256:${'0'.repeat(64)}` as Release['digest'] })],
  ])('is refused when it is %s, and what runs is not touched', async (_name, code, release) => {
    await using agent = await site.openAgent();
    const good = push(2);
    agent.want({ blink: entry(good) });
    const before = await until('proven', () => isProven(agent, 1) && agent.reported()?.running);
    await expect(deploy(agent, release())).rejects.toMatchObject({ code });
    expect(agent.reported()).toMatchObject({ running: before, state: 'proven' });
    expect(agent.reported()?.hold).toBeUndefined();
    expect(agent.events).toEqual([]);
  });

  test('and traps in its soak ends its hold, with its cause of death, and the device goes back', async () => {
    await using agent = await site.openAgent();
    const good = push(1);
    agent.want({ blink: entry(good, { soakS: 2 }) });
    await until('proven', () => isProven(agent, 1));
    const bad = site.registry.push({ wasm: trapping, asks, counter: 2 });
    await deploy(agent, bad);
    await until('back', () => agent.reported()?.running?.digest === good.digest);
    expect(agent.events).toMatchObject([{ type: 'app.held' }, { type: 'app.released', code: 'guest-trapped', digest: bad.digest, safeMs: expect.any(Number), lastOutput: [] }]);
    expect(agent.reported()).toMatchObject({ attempt: 1, state: 'proven', lastEnd: { code: 'guest-trapped' } });
  });

  test('that cannot start has held nothing, and what ran runs again', async () => {
    await using agent = await site.openAgent();
    const good = push(1);
    const bus = { kind: 'serial', path: '/dev/ttyNOT0' };
    agent.want({ blink: entry(good, { bindings: Bindings.parse({ ...led, one: bus, two: bus }) }) });
    await until('proven', () => isProven(agent, 1));
    const greedy = site.registry.push({ wasm: wasms[2] ?? trapping, asks: { ...asks, serial: [{ label: 'one', baud: [9_600] }, { label: 'two', baud: [9_600] }] }, counter: 2 });
    await expect(deploy(agent, greedy)).rejects.toMatchObject({ code: 'port-busy' });
    await until('back', () => agent.reported()?.running?.digest === good.digest && site.isOn());
    expect(types(agent).filter((type) => type.startsWith('app.'))).toEqual([]);
    expect(agent.reported()).toMatchObject({ attempt: 1, state: 'proven' });
  });

  test('may be the one before the last good, though that is older than the floor', async () => {
    await using agent = await site.openAgent();
    const first = await makeGood(agent);
    agent.want({ blink: entry(push(2), { attempt: 2 }) });
    await until('proven', () => isProven(agent, 2));
    await deploy(agent, first);
    expect(agent.reported()?.running?.digest).toBe(first.digest);
  });

  test('is adopted without a restart by a new attempt for it, once it has soaked, and is the last good one then', async () => {
    await using agent = await site.openAgent();
    const good = await makeGood(agent);
    const other = push(2);
    await deploy(agent, other);
    const before = await until('soaked', () => {
      const hold = agent.store.apps.get(blink)?.hold;
      return hold?.kind === 'deployed' && hold.isProven && agent.reported()?.running;
    });
    agent.want({ blink: entry(other, { attempt: 2 }) });
    await until('adopted', () => isProven(agent, 2));
    expect(agent.reported()).toMatchObject({ running: before, lastGood: { digest: other.digest }, previousGood: { digest: good.digest } });
    expect(agent.reported()?.hold).toBeUndefined();
    expect(agent.store.numbers.floor(blink)).toMatchObject({ counter: 2 });
    expect(types(agent)).toEqual(['app.held', 'app.released']);
  });

  test('gives way to a new attempt for another release', async () => {
    await using agent = await site.openAgent();
    await makeGood(agent);
    await deploy(agent, push(2));
    const third = push(3);
    agent.want({ blink: entry(third, { attempt: 2 }) });
    await until('the third', () => isProven(agent, 2) && agent.reported()?.running?.digest === third.digest);
    expect(agent.reported()?.hold).toBeUndefined();
  });

  test('may come from another repository of the same scope', async () => {
    await using agent = await site.openAgent();
    await makeGood(agent);
    const other = push(2);
    await expect(deploy(agent, other, { repository: 'apps-evil/blink' })).rejects.toMatchObject({ code: 'scope-unmatched' });
    await deploy(agent, other, { repository: 'apps/elsewhere' });
    expect(site.registry.requests.some((line) => line.includes('/v2/apps/elsewhere/'))).toBe(true);
    expect(agent.reported()?.running?.digest).toBe(other.digest);
  });

  test('cannot be of an app that the device does not have', async () => {
    await using agent = await site.openAgent();
    await expect(agent.apps.deploy({ app: AppName.parse('ghost'), digest: push(1).digest, forS: 60, by: 'x' }, signal)).rejects.toMatchObject({ code: 'app-unknown' });
  });
});
