import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppName, DeviceId, type Log, silentLog, systemClock } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { LogBatch, PresenceOnline, Reported } from '@pier/shared/wire';
import type { LastEnd, OutputLine, Sample, Usage } from '../guest.ts';
import { Keep } from '../run/trace/index.ts';
import { type Store, openStore } from '../store/index.ts';
import { Report } from './report.ts';

const app = AppName.parse('blink');
let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pier-report-'));
  store = await openStore(folder);
});
afterEach(() => {
  store[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

function open({ usage = {}, log = silentLog }: { usage?: Record<AppName, Usage>; log?: Log } = {}) {
  const sent: { topic: string; body: object; qos: number }[] = [];
  const lost = new AbortController();
  const session = {
    conn: 'c1',
    lost: lost.signal,
    publish: async (topic: string, body: object, qos: 0 | 1) => void sent.push({ topic, body, qos }),
    [Symbol.asyncDispose]: async () => {},
  };
  const lines = new Keep<OutputLine>({ count: 200 });
  const samples = new Keep<Sample>({ count: 600 });
  const lastEnd: LastEnd = { code: 'guest-trapped', reason: 'unreachable', safeMs: 3.5 };
  const report = new Report({
    device: DeviceId.parse('board-1'),
    generation: 1,
    agent: '1.2.3',
    model: () => 'toy',
    store,
    policy: () => 7,
    alive: () => undefined,
    lastEnd: (name) => (name === app ? lastEnd : undefined),
    usage: () => usage,
    trace: (name) => (name === app ? { lines, samples, units: { power: 'W' } } : undefined),
    lines: () => [],
    clock: systemClock,
    random: () => 0.5,
    log,
  });
  const of = (tail: string) => sent.filter(({ topic }) => topic.endsWith(tail));
  return { report, session, lost, sent, of, lines, samples };
}
type World = ReturnType<typeof open>;

/** Runs `act` while the device is connected. */
async function connected({ report, session, lost }: World, act: () => Promise<void> | void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const life = report.onSession(session, lost.signal, resolve);
  await promise;
  await act();
  lost.abort();
  await life;
  report[Symbol.dispose]();
}

async function until(look: () => boolean): Promise<void> {
  for (let tries = 0; !look() && tries < 1_000; tries += 1) await systemClock.sleep(5);
  expect(look()).toBe(true);
}

test('presence says what the guests have used', async () => {
  const world = open({ usage: { [app]: { cpuMs: 12, memoryBytes: 65_536, outputBytes: 7 } } });
  await connected(world, () => {});
  expect(PresenceOnline.parse(world.of('/up/presence')[0]?.body)).toMatchObject({ usage: { blink: { cpuMs: 12, memoryBytes: 65_536, outputBytes: 7 } } });
});

test('the report shows holds, good releases and the last end', async () => {
  const good = { digest: digestOf('2'), version: '1.0.2', counter: 2 };
  store.apps.set(app, {
    wanted: { repository: 'apps/blink', digest: good.digest, version: '1.0.2' as never, counter: 2, attempt: 2, soakS: 0, bindings: {}, rev: 4 },
    progress: { attempt: 2, digest: good.digest, rev: 4, state: 'proven' },
    current: good.digest,
    lastGood: good,
    previousGood: { digest: digestOf('1'), version: '1.0.1', counter: 1 },
    hold: { kind: 'deployed', by: 'operator:alice', forS: 600, leftMs: 5.25, attempt: 2, digest: digestOf('3'), repository: 'apps/blink', isProven: true },
  });
  const world = open();
  await connected(world, () => until(() => world.of('/up/reported').length > 0));
  const reported = Reported.parse(world.of('/up/reported')[0]?.body);
  expect(reported.apps[app]).toEqual({
    attempt: 2,
    digest: good.digest,
    state: 'proven',
    lastGood: good,
    previousGood: { digest: digestOf('1'), version: '1.0.1', counter: 1 },
    hold: { kind: 'deployed', by: 'operator:alice', forS: 600, digest: digestOf('3') },
    lastEnd: { code: 'guest-trapped', reason: 'unreachable', safeMs: 3.5 },
  });
});

test('lines and samples go out at QoS 0 under their app, and only while somebody reads', async () => {
  const world = open();
  world.lines.push({ atMs: systemClock.monotonicMs(), stream: 'stdout', text: 'hello' });
  world.samples.push({ tNs: systemClock.monotonicNs(), series: 'power', value: 1 });
  await connected(world, async () => {
    await systemClock.sleep(400);
    expect([world.of('/up/log/blink'), world.of('/up/tel/blink')]).toEqual([[], []]);
    world.report.leaseLog({ app, for: 60 });
    world.report.leaseTelemetry({ app, for: 60 });
    world.lines.push({ atMs: systemClock.monotonicMs(), stream: 'stderr', text: 'and more' });
    await until(() => world.of('/up/log/blink').length === 2);
  });
  expect(world.of('/up/log/blink').map(({ body, qos }) => [qos, ...LogBatch.parse(body).lines.map(({ text }) => text)])).toEqual([[0, 'hello'], [0, 'and more']]);
  expect(world.of('/up/tel/blink')).toMatchObject([{ qos: 0, body: { units: { power: 'W' }, samples: [{ series: 'power', value: 1 }] } }]);
  expect(() => world.report.leaseLog({ app: AppName.parse('ghost'), for: 1 })).toThrow(expect.objectContaining({ code: 'app-unknown' }));
});

test('what the outbox had to drop is said in the log', () => {
  const warned: unknown[] = [];
  const { report } = open({ log: { ...silentLog, warn: (fields: object, event: string) => void warned.push({ ...fields, event }) } });
  store.transaction(() => {
    for (let n = 0; n < 501; n += 1) report.event({ type: 'app.exited', app });
  });
  expect(warned).toEqual([{ kind: 'event', dropped: 1, event: 'outbox.dropped' }]);
  report[Symbol.dispose]();
});

test('a line that nobody holds cannot be read', () => {
  const { report } = open();
  expect(() => report.readLine({ line: 'GPIO17' })).toThrow(expect.objectContaining({ code: 'line-unknown' }));
  report[Symbol.dispose]();
});
