import { type Server, createServer } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { type Clock, systemClock } from '../core/index.ts';
import { apiClient } from './index.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

type Asked = { method: string; url: string; authorization: string; body: string; ifMatch: string | undefined; key: string | string[] | undefined };

/** A real server that answers every request the same way, and keeps what it was asked. */
async function answering(status: number, body: string): Promise<{ baseUrl: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      asked.push({ method: request.method ?? '', url: request.url ?? '', authorization: request.headers.authorization ?? '', body: Buffer.concat(parts).toString(), ifMatch: request.headers['if-match'], key: request.headers['idempotency-key'] });
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { baseUrl: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`, asked };
}

test('a call fills the path, encodes the query, and carries token and body', async () => {
  const { baseUrl, asked } = await answering(200, '{"items":[],"next":null}');
  const api = apiClient({ baseUrl, token: 'secret' });
  expect(await api.call('listDeployments', { params: { id: 'a/b c' }, query: { limit: 5, cursor: undefined } })).toEqual({ items: [], next: null });
  expect(asked[0]).toMatchObject({ method: 'GET', url: '/api/v1/rollouts/a%2Fb%20c/deployments?limit=5', authorization: 'Bearer secret' });
});

test('a change carries the revision that it was decided on, and the key under which it is done once', async () => {
  const { baseUrl, asked } = await answering(409, '{"type":"about:blank","title":"x","status":409,"code":"conflict","detail":"odd"}');
  const api = apiClient({ baseUrl, token: 't' });
  const request = { params: { id: 'r' }, body: { verb: 'pause' } } as const;
  for (const extra of [{ ifMatch: 7, idempotencyKey: 'k-1' }, { ifMatch: '*' as const }, {}]) await expect(api.call('actOnRollout', { ...request, ...extra })).rejects.toMatchObject({ code: 'conflict' });
  expect(asked.map(({ ifMatch, key }) => [ifMatch, key])).toEqual([['"7"', 'k-1'], ['*', undefined], [undefined, undefined]]);
});

test('a problem document becomes a fault with its code and sentence', async () => {
  const { baseUrl } = await answering(409, '{"type":"about:blank","title":"Conflict","status":409,"code":"release-unverified","detail":"no trusted signature"}');
  await expect(apiClient({ baseUrl, token: 't' }).call('whoAmI', {})).rejects.toMatchObject({ code: 'release-unverified', message: 'no trusted signature', exit: 3 });
});

test('an unknown code is shown as internal, never as something it is not', async () => {
  const { baseUrl } = await answering(500, '{"type":"about:blank","title":"x","status":500,"code":"toString","detail":"odd"}');
  await expect(apiClient({ baseUrl, token: 't' }).call('whoAmI', {})).rejects.toMatchObject({ code: 'internal', message: 'odd' });
});

test('an answer that is not what the route promises is refused', async () => {
  const { baseUrl } = await answering(200, '{"user":7}');
  await expect(apiClient({ baseUrl, token: 't' }).call('whoAmI', {})).rejects.toThrow(/answer of GET \/api\/v1\/me: user/);
});

test('a page that is no manager is named as such', async () => {
  const { baseUrl } = await answering(404, '<html>');
  await expect(apiClient({ baseUrl, token: 't' }).call('whoAmI', {})).rejects.toThrow(/is this a Pier manager/);
});

test('nobody at the address is a fault that says what to look at', async () => {
  await expect(apiClient({ baseUrl: 'http://127.0.0.1:9', token: 't' }).call('whoAmI', {})).rejects.toMatchObject({ code: 'unreachable', exit: 6 });
});

/** A server whose stream says one event a chunk, and then nothing more without closing. */
async function streaming(events: number): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const say = (n: number): void => {
      if (n === events) return;
      response.write(`id: ${n}\ndata: {"kind":"device","ids":["d-${n}"]}\n\n`);
      setImmediate(say, n + 1);
    };
    say(0);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

test('a stream that falls silent is given up, and one timer has watched it however much came', async () => {
  const timers = { made: 0, open: 0 };
  const clock: Clock = {
    ...systemClock,
    every: (ms, act) => {
      const timer = systemClock.every(ms, act);
      timers.made += 1;
      timers.open += 1;
      return { [Symbol.dispose]: () => ((timers.open -= 1), timer[Symbol.dispose]()) };
    },
  };
  const seen: (string | undefined)[] = [];
  const follow = async (): Promise<void> => {
    for await (const { id } of apiClient({ baseUrl: await streaming(200), token: 't', silenceMaxMs: 2_000, clock }).follow('streamChanges', {})) seen.push(id);
  };
  await expect(follow()).rejects.toMatchObject({ code: 'timed-out', message: expect.stringContaining('silent for 2 s') });
  expect(seen).toEqual(Array.from({ length: 200 }, (_, n) => String(n)));
  expect(timers).toEqual({ made: 1, open: 0 });
});

test('a reader who takes long over an event is no silence', async () => {
  const seen: (string | undefined)[] = [];
  for await (const { id } of apiClient({ baseUrl: await streaming(3), token: 't', silenceMaxMs: 1_000 }).follow('streamChanges', {})) {
    seen.push(id);
    if (seen.length === 1) await systemClock.sleep(1_600);
    if (seen.length === 3) break;
  }
  expect(seen).toEqual(['0', '1', '2']);
});

test.each(['<!doctype html><title>Sign in to the hotel</title>', '{"user":', 'undefined'])('an answer that is no JSON is a fault that says so: %s', async (body) => {
  const { baseUrl } = await answering(200, body);
  await expect(apiClient({ baseUrl, token: 't' }).call('whoAmI', {})).rejects.toMatchObject({ code: 'internal', message: expect.stringMatching(/answer of GET \/api\/v1\/me/) as string });
});

test('an answer that breaks off is a fault like one that never comes', async () => {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' }).write('{"user"');
    setImmediate(() => response.destroy());
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await expect(apiClient({ baseUrl: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`, token: 't' }).call('whoAmI', {})).rejects.toMatchObject({ code: 'unreachable' });
});

test.each(['..', '.', ''])('%j in a path would make it another path: it is refused, and nobody is asked', async (id) => {
  const { baseUrl, asked } = await answering(200, '{}');
  await expect(apiClient({ baseUrl, token: 't' }).call('removeView', { params: { name: id } })).rejects.toMatchObject({ code: 'input-invalid' });
  expect(asked).toEqual([]);
});
