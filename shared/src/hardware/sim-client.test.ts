import { type Duplex, duplexPair } from 'node:stream';
import { createInterface } from 'node:readline';
import { expect, test, vi } from 'vitest';
import { systemClock } from '../core/index.ts';
import { type SimEdge, SimRequest, simClient } from './index.ts';

const never = new AbortController().signal;
const order = { op: 'open', at: { chip: 'c', line: 1 }, direction: 'out', bias: 'none', consumer: 'x' } as const;

/** The client and, on the other end, a board that answers as the test says. */
function makePair({ answerTimeoutMs = 20_000 } = {}) {
  const [here, there]: Duplex[] = duplexPair();
  if (!here || !there) throw new Error('no pair');
  const heard: SimRequest[] = [];
  const edges: SimEdge[] = [];
  createInterface({ input: there }).on('line', (line) => heard.push(SimRequest.parse(JSON.parse(line))));
  return { client: simClient({ socket: here, clock: systemClock, answerTimeoutMs, onEdge: (edge) => edges.push(edge) }), there, heard, edges, say: (...messages: object[]) => there.write(messages.map((message) => `${JSON.stringify(message)}\n`).join('')) };
}

test('answers find their requests by id, in any order, and edges their listener', async () => {
  const { client, say, edges } = makePair();
  const first = client.request({ op: 'lines' }, never);
  const second = client.request({ op: 'set', handle: 1, to: 1 }, never);
  const edge = { watch: 1, tNs: '5', seq: 1, lost: 0, level: 1 };
  say({ edge }, { id: 2, ok: true }, { id: 1, ok: true, lines: [] });
  expect([await first, await second]).toEqual([{ id: 1, ok: true, lines: [] }, { id: 2, ok: true }]);
  expect(edges).toEqual([edge]);
  await client[Symbol.asyncDispose]();
});

test("the board's refusals come with their codes; a code that nobody knows is a hardware fault", async () => {
  const { client, say } = makePair();
  const busy = client.request(order, never);
  say({ id: 1, ok: false, code: 'line-busy', message: 'held by "blink"' });
  await expect(busy).rejects.toMatchObject({ code: 'line-busy', message: 'held by "blink"' });
  const odd = client.request(order, never);
  say({ id: 2, ok: false, code: 'gremlins', message: 'no' });
  await expect(odd).rejects.toMatchObject({ code: 'hardware-fault' });
  await client[Symbol.asyncDispose]();
});

test('a silent board is a hardware fault after the deadline, and what it opens later is closed again', async () => {
  const { client, say, heard } = makePair({ answerTimeoutMs: 30 });
  await expect(client.request(order, never)).rejects.toMatchObject({ code: 'hardware-fault', message: expect.stringContaining('"open"') });
  say({ id: 1, ok: true, opened: { handle: 9, levelFile: 'levels/a' } });
  await vi.waitFor(() => expect(heard).toContainEqual({ id: 2, op: 'close', handle: 9 }), 10_000);
  await client[Symbol.asyncDispose]();
});

test('a request that is called off rejects with the reason', async () => {
  const { client, heard } = makePair();
  const calledOff = new AbortController();
  const request = client.request(order, calledOff.signal);
  calledOff.abort(new Error('called off'));
  await expect(request).rejects.toThrow('called off');
  await expect(client.request(order, calledOff.signal)).rejects.toThrow('called off');
  await vi.waitFor(() => expect(heard).toHaveLength(1), 10_000);
  await client[Symbol.asyncDispose]();
});

test.each([['nonsense\n'], ['{"id":1,"ok":true,"opened":{"handle":0,"levelFile":"levels/a"}}\n'], ['{"id":1,"ok":true,"opened":{"handle":1,"levelFile":"../../etc/passwd"}}\n'], ['{"ok":false,"code":"json-invalid","message":"no"}\n'], ['x'.repeat(70_000)]])('a board that sends %.60s is gone, for everybody who waits', async (said) => {
  const { client, there } = makePair();
  const waiting = client.request({ op: 'hello' }, never);
  there.write(said);
  await expect(waiting).rejects.toMatchObject({ code: 'board-gone' });
  expect(client.gone.aborted).toBe(true);
  await expect(client.request({ op: 'hello' }, never)).rejects.toMatchObject({ code: 'board-gone' });
});

test('no more requests wait than the limit', async () => {
  const { client } = makePair();
  const waiting = Array.from({ length: 1_024 }, () => client.request({ op: 'lines' }, never));
  await expect(client.request({ op: 'lines' }, never)).rejects.toMatchObject({ code: 'too-many-requests' });
  await client[Symbol.asyncDispose]();
  expect((await Promise.allSettled(waiting)).every((one) => one.status === 'rejected')).toBe(true);
});
