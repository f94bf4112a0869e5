import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Clock, systemClock } from '@pier/shared/core';
import type { SimClient } from '@pier/shared/hardware';
import { expect, test, vi } from 'vitest';
import type { BoardFolder } from './folders.ts';
import { BoardLinks } from './links.ts';

const waiting = { timeout: 20_000, interval: 5 };
/** Three seconds of waiting for an answer are 300 ms, and thirty of idleness three seconds. */
const quick: Clock = { ...systemClock, after: (ms, act) => systemClock.after(ms / 10, act) };

/** Sockets that answer as the test says, in the place of boards; `answer` gives what is written for a request. */
async function makeBoards(count: number, answer: (id: number) => string | undefined = (id) => `{"id":${id},"ok":true,"lines":[]}\n`) {
  await using stack = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'pier-links-'));
  stack.defer(() => rmSync(dir, { recursive: true, force: true }));
  const open = new Set<Socket>();
  const seen = { most: 0, connections: 0 };
  const folders: BoardFolder[] = [];
  for (let n = 0; n < count; n += 1) {
    const socket = join(dir, `${n}.sock`);
    const server = createServer((peer) => {
      open.add(peer);
      seen.connections += 1;
      seen.most = Math.max(seen.most, open.size);
      peer.on('error', () => {}).on('close', () => open.delete(peer));
      createInterface({ input: peer }).on('line', (line) => {
        const said = answer((JSON.parse(line) as { id: number }).id);
        if (said !== undefined) peer.write(said);
      });
    });
    stack.defer(() => void server.close());
    await new Promise<void>((resolve) => void server.listen(socket, resolve));
    folders.push({ id: `board-${n}`, dir, socket });
  }
  const links = stack.use(new BoardLinks({ clock: quick }));
  const owned = stack.move();
  return { folders, links, open, seen, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const ask = (client: SimClient) => client.request({ op: 'lines' }, client.gone);
const only = ({ folders }: { folders: readonly BoardFolder[] }): BoardFolder => folders[0] ?? { id: '', dir: '', socket: '' };

test('many who ask one board share a connection, and it is closed when nobody asked for a while', async () => {
  await using made = await makeBoards(1);
  await Promise.all(Array.from({ length: 50 }, () => made.links.use(only(made), ask)));
  await made.links.use(only(made), ask);
  expect(made.seen).toEqual({ most: 1, connections: 1 });
  await vi.waitFor(() => expect([made.open.size, made.links.open]).toEqual([0, 0]), waiting);
  await made.links.use(only(made), ask);
  expect(made.seen.connections).toBe(2);
});

test('of many boards no more than eight are spoken to at once, and all are', async () => {
  await using made = await makeBoards(24);
  const answers = await Promise.all(made.folders.map((folder) => made.links.use(folder, ask)));
  expect(answers).toHaveLength(24);
  expect(made.links.open).toBeLessThanOrEqual(8);
  // A closed connection may reach its other end a moment after the next one is opened.
  expect(made.seen.most).toBeLessThanOrEqual(16);
});

test('boards that stay silent are faults after a while, and the next ones have their turn', async () => {
  await using made = await makeBoards(20, () => undefined);
  const ends = await Promise.allSettled(made.folders.map((folder) => made.links.use(folder, ask)));
  for (const end of ends) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'hardware-fault', message: expect.stringContaining('did not answer') } });
  expect(made.links.open).toBe(0);
});

test('no more wait for a turn than the limit', async () => {
  await using made = await makeBoards(140, () => undefined);
  const ends = made.folders.map((folder) => made.links.use(folder, ask).catch((fault: unknown) => fault));
  expect(await ends.at(-1)).toMatchObject({ code: 'too-many-requests' });
  await made.links[Symbol.asyncDispose]();
  for (const end of await Promise.all(ends)) expect(end).toMatchObject({ code: expect.stringMatching(/board-gone|too-many-requests|hardware-fault/) });
});

test('a board that is not there is gone, said by name', async () => {
  await using made = await makeBoards(0);
  await expect(made.links.use({ id: 'x', dir: '/', socket: '/nowhere/board.sock' }, ask)).rejects.toMatchObject({ code: 'board-gone', message: expect.stringContaining('"x"') });
  expect(made.links.open).toBe(0);
});

test.each<[string, string, RegExp]>([
  ['{"id":1,"ok":false,"code":"line-busy","message":"held"}\n', 'line-busy', /held/],
  ['{"id":1,"ok":false,"code":"unauthenticated","message":"log in"}\n', 'hardware-fault', /log in/],
  ['{"id":1,"ok":false,"code":"conflict","message":"a\\u0000\\nb"}\n', 'conflict', /^a {2}b$/],
  [`{"id":1,"ok":false,"code":"conflict","message":"${'m'.repeat(20_000)}"}\n`, 'conflict', /^m{500}$/],
  ['nonsense\n', 'board-gone', /no answer/],
  ['x'.repeat(100_000), 'board-gone', /more than/],
  ['{"edge":{"watch":1,"tNs":"1","seq":1,"lost":0,"level":1}}\n', 'board-gone', /gone/],
])('what a board says wrongly is a fault of its own: %.70s', async (said, code, message) => {
  await using made = await makeBoards(1, () => said);
  await expect(made.links.use(only(made), ask)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test('a connection that the board ends while nobody asks is made again', async () => {
  await using made = await makeBoards(1);
  await made.links.use(only(made), ask);
  for (const peer of made.open) peer.destroy();
  await vi.waitFor(() => expect(made.links.open).toBe(0), waiting);
  await made.links.use(only(made), ask);
  expect(made.seen.connections).toBe(2);
});

test('closing ends every connection, and nobody asks after that', async () => {
  await using made = await makeBoards(3);
  await Promise.all(made.folders.map((folder) => made.links.use(folder, ask)));
  await made.links[Symbol.asyncDispose]();
  await vi.waitFor(() => expect(made.open.size).toBe(0), waiting);
  await expect(made.links.use(only(made), ask)).rejects.toMatchObject({ code: 'board-gone' });
  expect(existsSync(only(made).socket)).toBe(true);
});
