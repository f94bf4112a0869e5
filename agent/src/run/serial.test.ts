import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AppName, systemClock } from '@pier/shared/core';
import { Bindings } from '@pier/shared/capability';
import { wat } from '../../../test/support/wat.ts';
import { type RunStage, type Site, asks as ledAsks, blink, entry, ledGuest, openSite, serialGuest, until } from '../../testing/run-stage.ts';

const other = AppName.parse('other');
const asks = { serial: [{ label: 'bus', baud: [9_600] }], telemetry: [{ label: 'heard', unit: 'B', maxPerS: 20 }] };
let talker: Uint8Array;
let led: Uint8Array;
let site: Site;
let bus: Bindings;
beforeAll(async () => {
  [talker, led] = await Promise.all([wat(serialGuest), wat(ledGuest(3_600_000, ''))]);
});
beforeEach(async () => {
  site = await openSite({ parts: [{ part: 'serial-echo', name: 'echo', port: 'ttyUSB0' }] });
  const answer = await site.board.order({ op: 'ports' });
  const path = 'ports' in answer ? answer.ports[0]?.path : undefined;
  bus = Bindings.parse({ bus: { kind: 'serial', path } });
});
afterEach(() => site[Symbol.asyncDispose]());

const heard = (agent: RunStage, app = blink): number => agent.apps.trace(app)?.lines.last ?? 0;
const meter = () => site.registry.push({ wasm: talker, asks });
const proven = (agent: RunStage, app = blink) => until('proven', () => agent.reported(app)?.state === 'proven');

test('a guest speaks through the port that is bound to its label, and what it tells in numbers is kept with its unit', async () => {
  await using agent = await site.openAgent();
  agent.want({ blink: entry(meter(), { bindings: bus }) });
  await until('its echo', () => heard(agent) >= 3);
  expect(agent.apps.trace(blink)?.lines.after(0)[0]).toMatchObject({ stream: 'stdout', text: 'hi' });
  const trace = await until('samples', () => (agent.apps.trace(blink)?.samples.last ?? 0) > 0 && agent.apps.trace(blink));
  expect(trace.samples.after(0)[0]).toMatchObject({ n: 1, series: 'heard', tNs: expect.any(BigInt) });
  expect(trace.units).toEqual({ heard: 'B' });
});

describe('a cable', () => {
  test('that is pulled does not end the guest, which goes on when it is plugged in again', async () => {
    await using agent = await site.openAgent();
    agent.want({ blink: entry(meter(), { bindings: bus }) });
    await until('its echo', () => heard(agent) >= 3);
    await site.board.order({ op: 'unplug', port: 'ttyUSB0' });
    await until('told', () => agent.events.some(({ type }) => type === 'port.gone'));
    await systemClock.sleep(200);
    const before = heard(agent);
    await site.board.order({ op: 'plug', port: 'ttyUSB0' });
    await until('told', () => agent.events.some(({ type }) => type === 'port.back'));
    await until('its echo again', () => heard(agent) > before + 2);
    expect(agent.reported()).toMatchObject({ state: 'proven', running: { restarts: 0 } });
    expect(agent.events).toMatchObject([{ type: 'port.gone', app: 'blink', code: 'port-gone', attempt: 1 }, { type: 'port.back', app: 'blink' }]);
  });

  test('that is not there when the app comes keeps it from nothing', async () => {
    await using agent = await site.openAgent();
    await site.board.order({ op: 'unplug', port: 'ttyUSB0' });
    agent.want({ blink: entry(meter(), { bindings: bus }) });
    await proven(agent);
    expect(heard(agent)).toBe(0);
    await site.board.order({ op: 'plug', port: 'ttyUSB0' });
    await until('its echo', () => heard(agent) > 0);
    expect(agent.reported()).toMatchObject({ running: { restarts: 0 } });
  });
});

describe('two apps', () => {
  test('run at once, each with what is its own', async () => {
    await using agent = await site.openAgent();
    const lit = site.registry.push({ app: 'other', wasm: led, asks: ledAsks });
    agent.want({ blink: entry(meter(), { bindings: bus }), other: entry(lit, { repository: 'apps/other' }) });
    await proven(agent);
    await proven(agent, other);
    await until('both at work', () => site.isOn() && heard(agent) > 0);
    expect(Object.keys(agent.apps.usage()).toSorted()).toEqual(['blink', 'other']);
  });

  test('never hold one port: the second is told who has it, and has it as soon as the first is gone', async () => {
    await using agent = await site.openAgent();
    const [first, second] = [entry(meter(), { bindings: bus }), (attempt: number) => entry(site.registry.push({ app: 'other', wasm: talker, asks }), { attempt, repository: 'apps/other', bindings: bus })];
    agent.want({ blink: first });
    await until('its echo', () => heard(agent) > 0);
    agent.want({ blink: first, other: second(1) });
    await until('failed', () => agent.reported(other)?.state === 'failed');
    expect(agent.reported(other)?.reason).toMatchObject({ code: 'port-busy', reason: expect.stringMatching(/ttyUSB0.*"blink"/) });
    expect(agent.reported()).toMatchObject({ running: { restarts: 0 } });
    agent.want({ other: second(2) });
    await until('the second at work', () => heard(agent, other) > 0);
  });
});

test('a port that another binding is given is let go, and the new one taken', async () => {
  await using agent = await site.openAgent();
  const release = meter();
  agent.want({ blink: entry(release, { bindings: bus }) });
  await until('its echo', () => heard(agent) > 0);
  agent.want({ blink: entry(release, { bindings: Bindings.parse({ bus: { kind: 'serial', path: '/dev/ttyNOT0' } }) }) });
  await until('told', () => agent.events.some(({ type }) => type === 'port.gone'));
  expect(agent.reported()).toMatchObject({ state: 'proven', lastEnd: { reason: 'its bindings have changed' } });
  const before = heard(agent);
  await systemClock.sleep(300);
  expect(heard(agent)).toBe(before);
});
