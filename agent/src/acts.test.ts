import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AppName, CommandId, DeviceId, silentLog, systemClock, systemRandom } from '@pier/shared/core';
import { CommandState, verbNames, verbs } from '@pier/shared/wire';
import { wat } from '../../test/support/wat.ts';
import { type RunStage, type Site, asks, blink, entry, ledGuest, openSite, talkingGuest, until } from '../testing/run-stage.ts';
import { createActs } from './acts.ts';
import type { Order } from './command/index.ts';
import { Report } from './report/index.ts';

const signal = new AbortController().signal;
const whose = { by: 'operator:alice' };
let led: Uint8Array;
let otherLed: Uint8Array;
let site: Site;
beforeAll(async () => {
  [led, otherLed] = await Promise.all([wat(ledGuest(3_600_000, '')), wat(ledGuest(3_600_001, ''))]);
});
beforeEach(async () => {
  site = await openSite();
});
afterEach(() => site[Symbol.asyncDispose]());

/** Acts as a command would: its arguments checked, its result as an answer may carry it. */
function actsOn({ apps, store }: RunStage) {
  const report = new Report({
    device: DeviceId.parse('board-1'),
    generation: 1,
    agent: '1.2.3',
    model: () => 'toy',
    store,
    policy: () => 1,
    alive: (app) => apps.alive(app),
    lastEnd: (app) => apps.lastEnd(app),
    usage: () => apps.usage(),
    trace: (app) => apps.trace(app),
    lines: () => apps.lines(),
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  });
  const act = createActs({ agent: '1.2.3', apps, report });
  return async (verb: keyof typeof verbs, args: object = {}) => {
    const result = await act({ verb, args: verbs[verb].args.parse(args) } as Order, whose, signal);
    CommandState.parse({ gen: 1, boot: 1, seq: 1, id: CommandId.parse('c1'), n: 1, state: 'done', result });
    return result;
  };
}

async function isOn(agent: RunStage, attempt = 1): Promise<void> {
  await until('proven and on', () => agent.reported()?.attempt === attempt && agent.reported()?.state === 'proven' && site.isOn());
}

test('ping and status answer on an empty device', async () => {
  await using agent = await site.openAgent();
  const act = actsOn(agent);
  expect(await act('ping')).toEqual({ pong: true, agent: '1.2.3' });
  expect(await act('status')).toEqual({ rev: 0, desired: null, policy: 1, apps: {} });
});

describe('app.logs', () => {
  test('gives the newest lines, in their order', async () => {
    await using agent = await site.openAgent();
    const act = actsOn(agent);
    agent.want({ blink: entry(site.registry.push({ wasm: await wat(talkingGuest('one\\ntwo\\nthree\\n', '(call $sleep (i64.const 3600000))')) })) });
    await until('its lines', () => agent.apps.trace(blink)?.lines.last === 3);
    expect(await act('app.logs', { app: 'blink' })).toEqual({ lines: [{ n: 1, stream: 'stdout', text: 'one' }, { n: 2, stream: 'stdout', text: 'two' }, { n: 3, stream: 'stdout', text: 'three' }], dropped: 0 });
    expect(await act('app.logs', { app: 'blink', lines: '1' })).toMatchObject({ lines: [{ n: 3 }] });
    await expect(act('app.logs', { app: 'ghost' })).rejects.toMatchObject({ code: 'app-unknown' });
  });

  test('fits into an answer, however much there is: the newest are there', async () => {
    await using agent = await site.openAgent();
    const act = actsOn(agent);
    const flood = '(loop $again (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16))) (call $sleep (i64.const 1)) (br $again))';
    agent.want({ blink: entry(site.registry.push({ wasm: await wat(talkingGuest(`${'x'.repeat(900)}\\n`, flood)) })) });
    await until('many lines', () => (agent.apps.trace(blink)?.lines.last ?? 0) > 100);
    const { lines } = (await act('app.logs', { app: 'blink', lines: 200 })) as { lines: { n: number }[] };
    expect(Buffer.byteLength(JSON.stringify(lines))).toBeLessThanOrEqual(32 << 10);
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.at(-1)?.n).toBe((lines[0]?.n ?? 0) + lines.length - 1);
  });
});

describe('gpio.read', () => {
  test('tells what a held line shows, and what that means to its app', async () => {
    await using agent = await site.openAgent();
    const act = actsOn(agent);
    agent.want({ blink: entry(site.registry.push({ wasm: led, asks })) });
    await isOn(agent);
    const shown = { chip: 'pinctrl-bcm2711', line: 17, name: 'GPIO17', label: 'led', app: 'blink', direction: 'out', level: 1, active: true };
    expect(await act('gpio.read', { line: 'GPIO17' })).toEqual(shown);
    expect(await act('gpio.read', { line: 'led', app: 'blink' })).toEqual(shown);
    await expect(act('gpio.read', { line: 'GPIO22' })).rejects.toMatchObject({ code: 'line-unknown', message: expect.stringContaining('GPIO17') });
    await expect(act('gpio.read', { line: 'led', app: 'ghost' })).rejects.toMatchObject({ code: 'app-unknown' });
  });

  test('of an output that is active when low says so', async () => {
    await using agent = await site.openAgent();
    const act = actsOn(agent);
    agent.want({ blink: entry(site.registry.push({ wasm: led, asks: { gpio: [{ label: 'led', mode: 'out', active: 'low', safe: 'inactive' }] } })) });
    await until('held', () => agent.reported()?.state === 'proven' && site.ledNow()?.level === 0);
    expect(await act('gpio.read', { line: 'led' })).toMatchObject({ level: 0, active: true });
  });
});

test('stop, start, restart and deploy act in the name of whoever signed', async () => {
  await using agent = await site.openAgent();
  const act = actsOn(agent);
  const good = site.registry.push({ wasm: led, asks });
  agent.want({ blink: entry(good) });
  await isOn(agent);
  expect(await act('app.stop', { app: 'blink', forS: '60' })).toEqual({ app: 'blink', forS: 60 });
  expect(agent.reported()?.hold).toEqual({ kind: 'stopped', by: 'operator:alice', forS: 60 });
  expect(await act('app.start', { app: 'blink' })).toEqual({ app: 'blink' });
  expect(agent.reported()?.running?.digest).toBe(good.digest);
  const other = site.registry.push({ wasm: otherLed, asks, counter: 2 });
  expect(await act('app.deploy', { app: 'blink', digest: other.digest })).toEqual({ app: 'blink', digest: other.digest, forS: 3_600 });
  expect(agent.reported()).toMatchObject({ running: { digest: other.digest }, hold: { kind: 'deployed', by: 'operator:alice', digest: other.digest } });
  expect(await act('app.restart', { app: 'blink' })).toEqual({ app: 'blink' });
  expect(agent.reported()).toMatchObject({ running: { digest: other.digest } });
});

test('no verb that names an app acts on one that the device does not have', async () => {
  await using agent = await site.openAgent();
  const act = actsOn(agent);
  const args = { app: AppName.parse('ghost'), digest: `sha256:${'0'.repeat(64)}` };
  const named = verbNames.filter((verb) => verb.startsWith('app.'));
  expect(named.length).toBeGreaterThan(4);
  for (const verb of named) await expect(act(verb, verb === 'app.deploy' ? args : { app: args.app })).rejects.toMatchObject({ code: 'app-unknown' });
});
