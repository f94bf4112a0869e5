import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ApiClient, type ChangeEvent, apiClient } from '@pier/shared/api';
import { type Clock, Fault, silentLog, systemClock } from '@pier/shared/core';
import { until } from '../testing/index.ts';
import { makeApp } from './app.ts';
import type { StreamedEvent } from './event-stream.ts';
import type { Actor } from './handlers.ts';

type Stream = { readonly send: (events: readonly StreamedEvent[]) => void; readonly after: string | undefined; ended: boolean };
let app: Awaited<ReturnType<typeof makeApp>>;
let port: number;
let streams: Stream[];
let actor: Actor | undefined;
let beats: (() => void)[];
/** Beats when told. */
const clock: Clock = {
  ...systemClock,
  every: (_ms, act) => {
    beats.push(act);
    return { [Symbol.dispose]: () => void (beats = beats.filter((one) => one !== act)) };
  },
};

beforeEach(async () => {
  [streams, beats, actor] = [[], [], { name: 'vera', role: 'viewer' }];
  app = await makeApp({
    act: async () => null,
    once: (_asked, act) => act(),
    silent: () => undefined,
    identify: async ({ headers }) => actor && { ...actor, name: String(headers['x-who'] ?? actor.name) },
    listen: (_name, send, after) => {
      const stream = { send, after, ended: false };
      streams.push(stream);
      return { [Symbol.dispose]: () => void (stream.ended = true) };
    },
    clock,
    publicHosts: [],
    log: silentLog,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterEach(() => app.close());

const client = (): ApiClient => apiClient({ baseUrl: `http://127.0.0.1:${port}`, token: 't' });
const change: ChangeEvent = { kind: 'device', ids: ['dock-1'] };
const open = (headers: Record<string, string> = {}) => fetch(`http://127.0.0.1:${port}/api/v1/events`, { headers });

test('the head comes at once, and no cache or proxy may hold anything of the stream back', async () => {
  const response = await open();
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store, no-transform', 'x-content-type-options': 'nosniff' });
  const first = await response.body?.getReader().read();
  expect(new TextDecoder().decode(first?.value)).toBe('retry: 2000\n: welcome\n\n');
});

test('the client follows, is told ids, and names the last one when it comes back', async () => {
  const following = client().follow('streamChanges', {});
  const first = following.next();
  await until(() => streams.length === 1, { what: 'it listens' });
  streams[0]?.send([{ data: change }, { id: '42', data: change }]);
  expect((await first).value).toEqual({ id: undefined, data: change });
  expect((await following.next()).value).toEqual({ id: '42', data: change });
  await following.return(undefined);
  await until(() => streams[0]?.ended === true, { what: 'the server has noticed' });
  const again = client().follow('streamChanges', { after: '42' });
  void again.next().catch(() => {});
  await until(() => streams.length === 2, { what: 'it listens again' });
  expect(streams.map(({ after }) => after)).toEqual([undefined, '42']);
});

test('whoever may not listen is told so, and a fault of the source is a problem, not a broken stream', async () => {
  actor = undefined;
  await expect(client().follow('streamChanges', {}).next()).rejects.toMatchObject({ code: 'unauthenticated' });
  expect(streams).toEqual([]);
});

test('a line that breaks is a fault that the caller may mend', async () => {
  const following = client().follow('streamChanges', {});
  const first = following.next();
  await until(() => streams.length === 1, { what: 'it listens' });
  app.server.closeAllConnections();
  await expect(first).rejects.toMatchObject({ code: 'unreachable', retry: true });
});

test('every beat says that the line is alive; who lost the right meanwhile is let go at the next one', async () => {
  const response = await open();
  const reader = response.body?.getReader();
  await until(() => streams.length === 1, { what: 'it listens' });
  for (const beat of beats) beat();
  let said = '';
  while (!said.includes('still here')) said += new TextDecoder().decode((await reader?.read())?.value);
  actor = undefined;
  for (const beat of beats) beat();
  await until(() => streams[0]?.ended === true, { what: 'it is let go' });
});

test('when it cannot be found out who asks, the stream ends too', async () => {
  await open();
  await until(() => beats.length === 1, { what: 'it beats' });
  Object.defineProperty(actor ?? {}, 'role', { get: () => { throw new Fault('unreachable', 'no database'); } });
  for (const beat of beats) beat();
  await until(() => streams[0]?.ended === true, { what: 'it is let go' });
});

test('who does not read is let go, and nobody else', async () => {
  const slow = connect(port, '127.0.0.1').on('error', () => {});
  slow.write(`GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  slow.pause();
  await until(() => streams.length === 1, { what: 'it listens' });
  const quick = await open();
  const reading = quick.body?.pipeTo(new WritableStream({})).catch(() => {});
  await until(() => streams.length === 2, { what: 'the other listens' });
  const ids = Array.from({ length: 500 }, () => 'x'.repeat(60));
  for (let n = 0; n < 2_000 && streams[0]?.ended !== true; n += 1) {
    for (const { send } of streams) send([{ data: { kind: 'device', ids } }]);
    await systemClock.sleep(1);
  }
  expect(streams.map(({ ended }) => ended)).toEqual([true, false]);
  slow.destroy();
  await app.close();
  await reading;
});

test('there are two hundred streams, and no more until one ends', async () => {
  const stop = new AbortController();
  const all = await Promise.all(Array.from({ length: 200 }, (_, n) => fetch(`http://127.0.0.1:${port}/api/v1/events`, { headers: { 'x-who': `person-${n % 4}` }, signal: stop.signal })));
  expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
  const refused = await open();
  expect([refused.status, refused.headers.get('content-type')]).toEqual([429, 'application/problem+json']);
  stop.abort();
  await until(() => streams.every(({ ended }) => ended), { what: 'all have ended' });
  expect((await open()).status).toBe(200);
});

test('closing ends the streams at once', async () => {
  await Promise.all(Array.from({ length: 5 }, () => open()));
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  socket.resume().write(`GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  await until(() => streams.length === 6, { what: 'all listen' });
  const closed = once(socket, 'close');
  await app.close();
  await closed;
  await until(() => streams.every(({ ended }) => ended), { what: 'all have ended' });
  expect(beats).toEqual([]);
});

test('HEAD is not a stream that nobody reads', async () => {
  expect((await fetch(`http://127.0.0.1:${port}/api/v1/events`, { method: 'HEAD' })).status).toBe(405);
  expect(streams).toEqual([]);
});

test('one person has fifty streams and no more, and the others have theirs', async () => {
  const stop = new AbortController();
  const all = await Promise.all(Array.from({ length: 50 }, () => fetch(`http://127.0.0.1:${port}/api/v1/events`, { headers: { 'x-who': 'greedy' }, signal: stop.signal })));
  expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
  const refused = await open({ 'x-who': 'greedy' });
  expect([refused.status, await refused.json()]).toEqual([429, expect.objectContaining({ code: 'too-many-requests', detail: expect.stringContaining('50 streams are open to greedy') as string })]);
  expect((await open({ 'x-who': 'modest' })).status).toBe(200);
  stop.abort();
  await until(() => streams.filter(({ ended }) => ended).length >= 50, { what: 'the greedy one’s have ended' });
  expect((await open({ 'x-who': 'greedy' })).status).toBe(200);
});
