import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '@pier/shared/core';
import type { Bindings } from '@pier/shared/capability';
import { wat } from '../../../test/support/wat.ts';
import { type RunStage, type Site, asks, blink, entry, led, ledGuest, openSite, until } from '../../testing/run-stage.ts';
import { type Release, keys } from '../../testing/site.ts';

let well: Uint8Array;
let wellAgain: Uint8Array;
let trapping: Uint8Array;
let site: Site;
beforeAll(async () => {
  [well, wellAgain, trapping] = await Promise.all([wat(ledGuest(3_600_000, '')), wat(ledGuest(3_600_001, '')), wat(ledGuest(50, 'unreachable'))]);
});
beforeEach(async () => {
  site = await openSite();
});
afterEach(() => site[Symbol.asyncDispose]());

describe('a release that is well', () => {
  test('goes through every state, drives its line, is proven after its soak, and raises the floor', async () => {
    await using agent = await site.openAgent();
    const release = site.registry.push({ wasm: well, asks });
    agent.want({ blink: entry(release) });
    await until('proven', () => agent.reported()?.state === 'proven');
    expect(agent.states).toEqual(['1:accepted', '1:downloading', '1:verifying', '1:applying', '1:soaking', '1:proven']);
    await until('the LED on', site.isOn);
    expect(agent.reported()).toMatchObject({ attempt: 1, digest: release.digest, running: { digest: release.digest, restarts: 0 }, lastGood: { digest: release.digest } });
    expect(agent.store.numbers.floor(blink)).toEqual({ counter: 1, digest: release.digest });
    expect(agent.store.settings.get('desired')).toMatchObject({ rev: 1, revs: { [keys.scheduler.id]: 1 } });
  });

  test('is not proven, and raises no floor, before its soak is over', async () => {
    await using agent = await site.openAgent();
    agent.want({ blink: entry(site.registry.push({ wasm: well, asks }), { soakS: 600 }) });
    await until('soaking', () => agent.reported()?.state === 'soaking');
    await systemClock.sleep(300);
    expect(agent.reported()).toMatchObject({ state: 'soaking' });
    expect(agent.reported()?.lastGood).toBeUndefined();
    expect(agent.store.numbers.floor(blink)).toBeUndefined();
  });

  test('starts again from the store after a power cut, with no registry to be seen', async () => {
    const release = site.registry.push({ wasm: well, asks });
    {
      await using agent = await site.openAgent();
      agent.want({ blink: entry(release) });
      await until('proven', () => agent.reported()?.state === 'proven');
    }
    expect(site.isOn()).toBe(false);
    site.registry.down = true;
    await using again = await site.openAgent();
    await until('running', () => again.reported()?.running?.digest === release.digest);
    await until('the LED on', site.isOn);
    expect(again.states).toEqual(['1:proven']);
  });

  test('that was soaking when the power went soaks again under the same attempt', async () => {
    const release = site.registry.push({ wasm: well, asks });
    {
      await using agent = await site.openAgent();
      agent.want({ blink: entry(release, { soakS: 2 }) });
      await until('soaking', () => agent.reported()?.state === 'soaking');
    }
    await using again = await site.openAgent();
    await until('proven', () => again.reported()?.state === 'proven');
    expect(again.states).toEqual(['1:soaking', '1:proven']);
  });

  test('whose wasm the disk changed is fetched again, and never run as it is', async () => {
    const release = site.registry.push({ wasm: well, asks });
    {
      await using agent = await site.openAgent();
      agent.want({ blink: entry(release) });
      await until('proven', () => agent.reported()?.state === 'proven');
    }
    writeFileSync(join(site.folder, 'agent', 'blobs', release.layer.replace(':', '-')), Buffer.alloc(well.byteLength));
    await using again = await site.openAgent();
    await until('running', () => again.reported()?.running?.digest === release.digest);
    expect(Buffer.from(await again.store.blobs.read(release.layer)).equals(well)).toBe(true);
  });

  test('is forgotten once when it is wanted no more, and not again with each document after', async () => {
    await using agent = await site.openAgent();
    agent.want({ blink: entry(site.registry.push({ wasm: well, asks })) });
    await until('proven', () => agent.reported()?.state === 'proven');
    agent.want({});
    await until('gone', () => !agent.apps.knows(blink));
    expect(agent.apps.plan(blink)).toEqual([]);
  });

  test('is adopted under a higher attempt without a restart', async () => {
    await using agent = await site.openAgent();
    const release = site.registry.push({ wasm: well, asks });
    agent.want({ blink: entry(release) });
    const before = await until('proven', () => agent.reported()?.state === 'proven' && agent.reported()?.running);
    agent.want({ blink: entry(release, { attempt: 2 }) });
    await until('adopted', () => agent.reported()?.attempt === 2);
    expect(agent.reported()).toMatchObject({ attempt: 2, state: 'proven', running: before });
  });
});

describe('an update', () => {
  /** A device whose blink 1 is proven. */
  async function makeGood(agent: RunStage) {
    const good = site.registry.push({ wasm: well, asks });
    agent.want({ blink: entry(good) });
    await until('proven', () => agent.reported()?.state === 'proven');
    return { good, isUntouched: () => agent.reported()?.running?.digest === good.digest && agent.reported()?.running?.restarts === 0 && site.isOn() };
  }

  test('that traps in its soak fails, and the device returns to its last good release by itself', async () => {
    await using agent = await site.openAgent();
    const { good } = await makeGood(agent);
    const bad = site.registry.push({ wasm: trapping, asks, counter: 2 });
    agent.want({ blink: entry(bad, { attempt: 2, soakS: 600 }) });
    await until('failed and back', () => agent.reported()?.state === 'failed' && agent.reported()?.running?.digest === good.digest);
    expect(agent.reported()).toMatchObject({ attempt: 2, digest: bad.digest, reason: { code: 'guest-trapped' }, lastGood: { digest: good.digest } });
    expect(agent.events.map(({ type }) => type)).toEqual(['app.failed', 'app.rolled-back']);
    expect(agent.store.numbers.floor(blink)).toMatchObject({ counter: 1 });
    const seen = agent.states.length;
    agent.want({ blink: entry(bad, { attempt: 2, soakS: 600 }) });
    await systemClock.sleep(300);
    expect(agent.states.length).toBe(seen);
  });

  test.each<[string, string, () => Release, Bindings]>([
    ['unsigned', 'unsigned', () => site.registry.push({ wasm: wellAgain, asks, counter: 2, signers: [] }), led],
    ['signed by a stranger', 'untrusted-signer', () => site.registry.push({ wasm: wellAgain, asks, counter: 2, signers: [keys.stranger] }), led],
    ['asking for a line that is not bound', 'capability.unbound', () => site.registry.push({ wasm: wellAgain, asks: { gpio: [...asks.gpio, { label: 'relay', mode: 'out', safe: 'inactive' }] }, counter: 2 }), led],
    ['that is no wasm', 'wasm-invalid', () => site.registry.push({ wasm: Buffer.from('MZ this is no wasm'), asks, counter: 2 }), led],
    ['importing what it did not ask for', 'import-denied', () => site.registry.push({ wasm: wellAgain, counter: 2 }), led],
  ])('%s is refused, and the good one is not touched', async (_name, code, push, bindings) => {
    await using agent = await site.openAgent();
    const { isUntouched } = await makeGood(agent);
    agent.want({ blink: entry(push(), { attempt: 2, bindings }) });
    await until('refused', () => agent.reported()?.state === 'refused');
    expect(agent.reported()?.reason).toMatchObject({ code, reason: expect.stringMatching(/.{10,}/) });
    expect(agent.events).toMatchObject([{ type: 'artifact.refused', code, attempt: 2 }]);
    expect(isUntouched()).toBe(true);
  });

  test('served with one flipped byte under its true digest is refused as corrupted', async () => {
    await using agent = await site.openAgent();
    const { isUntouched } = await makeGood(agent);
    const next = site.registry.push({ wasm: wellAgain, asks, counter: 2 });
    const flipped = Buffer.from(wellAgain);
    flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
    site.registry.corrupt(next.layer, flipped);
    agent.want({ blink: entry(next, { attempt: 2 }) });
    await until('refused', () => agent.reported()?.state === 'refused');
    expect(agent.reported()?.reason).toMatchObject({ code: 'digest-mismatch' });
    expect(isUntouched()).toBe(true);
  });

  test('from a registry that is down waits, saying why, and goes on when it is back', async () => {
    await using agent = await site.openAgent();
    const { isUntouched } = await makeGood(agent);
    const next = site.registry.push({ wasm: wellAgain, asks, counter: 2 });
    site.registry.down = true;
    agent.want({ blink: entry(next, { attempt: 2 }) });
    await until('a reason', () => agent.reported()?.state === 'downloading' && agent.reported()?.reason);
    expect(agent.reported()?.reason?.code).toBe('registry-error');
    expect(isUntouched()).toBe(true);
    site.registry.down = false;
    await until('proven', () => agent.reported()?.state === 'proven');
    expect(agent.reported()?.running?.digest).toBe(next.digest);
  });
});
