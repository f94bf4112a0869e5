import { spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog, systemClock, systemRandom } from '@pier/shared/core';
import { BoardFile, type LineValue, SimRecord, openCell, simClient } from '@pier/shared/hardware';
import { expect, test, vi } from 'vitest';
import { connectBoard, serveBoard } from './index.ts';

const waiting = { timeout: 20_000, interval: 10 };
const chip = 'pinctrl-bcm2711';
const file = BoardFile.parse({ model: 'raspberry-pi-4b', parts: [{ part: 'button', name: 'button', line: 'GPIO22' }] });
const serve = (dir: string) => serveBoard({ file, dir, clock: systemClock, random: systemRandom, log: silentLog });

async function makeBench() {
  await using stack = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'pier-sim-'));
  stack.defer(() => rmSync(dir, { recursive: true, force: true }));
  const board = stack.use(await serve(dir));
  const owned = stack.move();
  const connect = async (): Promise<Socket> => {
    const socket = await connectBoard(dir);
    if (!socket) throw new Error('the board does not listen');
    owned.defer(() => void socket.destroy());
    return socket;
  };
  const records = (): SimRecord[] => readFileSync(board.record, 'utf8').split('\n').filter(Boolean).map((line) => SimRecord.parse(JSON.parse(line)));
  return { dir, board, connect, client: async () => simClient({ socket: await connect(), clock: systemClock }), records, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Sends raw text; collects what comes back and whether the board hung up. */
async function talk(socket: Socket) {
  const heard: { text: string; ended: boolean } = { text: '', ended: false };
  socket.setEncoding('utf8').on('data', (piece: string) => (heard.text += piece));
  socket.on('close', () => (heard.ended = true)).on('error', () => {});
  return { heard, answers: () => heard.text.split('\n').filter(Boolean).map((line): unknown => JSON.parse(line)) };
}

const order = { op: 'open', at: { chip, line: 17 }, direction: 'out', bias: 'none', consumer: 'blink' } as const;

test('a line that is no request is refused by a sentence, and the connection lives', async () => {
  await using bench = await makeBench();
  const socket = await bench.connect();
  const { heard, answers } = await talk(socket);
  socket.write('nonsense\n{"id":1,"op":"fly"}\n{"id":2,"op":"hello","x":1}\n{"id":3,"op":"open","at":{"chip":"c","line":-1},"direction":"in","bias":"up","consumer":"x"}\n[]\n\n{"id":1,"id":2,"op":"hello"}\n{"id":-5,"op":"hello"}\n{"id":4,"op":"close","handle":12}\n{"id":5,"op":"hello"}\n');
  await vi.waitFor(() => expect(answers()).toHaveLength(10), waiting);
  const [nonsense, op, extra, at, list, empty, twice, negative, handle, hello] = answers();
  for (const answer of [nonsense, list, empty, twice, negative]) expect(answer).toEqual({ ok: false, code: expect.stringMatching(/json-invalid|input-invalid/), message: expect.stringMatching(/\w+/) });
  expect(op).toMatchObject({ id: 1, ok: false, code: 'input-invalid' });
  expect(extra).toMatchObject({ id: 2, ok: false, code: 'input-invalid', message: expect.stringContaining('x') });
  expect(at).toMatchObject({ id: 3, ok: false, code: 'input-invalid', message: expect.stringContaining('at.line') });
  expect(handle).toMatchObject({ id: 4, ok: false, code: 'not-found' });
  expect(hello).toMatchObject({ id: 5, ok: true, hello: { records: 'cells.fifo' } });
  expect(heard.ended).toBe(false);
});

test('a line without an end, and a stream of nonsense, end the connection and nothing else', async () => {
  await using bench = await makeBench();
  const endless = await bench.connect();
  const one = await talk(endless);
  endless.write('a'.repeat(1 << 20));
  await vi.waitFor(() => expect(one.heard.ended).toBe(true), waiting);
  const noisy = await bench.connect();
  const two = await talk(noisy);
  noisy.write('nonsense\n'.repeat(1_000));
  await vi.waitFor(() => expect(two.heard.ended).toBe(true), waiting);
  await using client = await bench.client();
  expect(await client.request({ op: 'hello' }, client.gone)).toMatchObject({ ok: true });
});

test('a connection that sends and never reads is ended, and its lines are free', async () => {
  await using bench = await makeBench();
  const deaf = await bench.connect();
  deaf.on('error', () => {});
  deaf.pause();
  deaf.write(`${JSON.stringify({ id: 1, ...order })}\n`);
  // Each answer has some 7 KB, so a few thousand fill every buffer between the two.
  for (let round = 0; round < 20 && !deaf.destroyed; round += 1) {
    deaf.write(`${JSON.stringify({ id: 2, op: 'lines' })}\n`.repeat(100));
    await systemClock.sleep(20);
  }
  await using client = await bench.client();
  await vi.waitFor(async () => expect(await client.request(order, client.gone)).toMatchObject({ ok: true }), waiting);
});

test('no more than 64 connections are taken', async () => {
  await using bench = await makeBench();
  const sockets = await Promise.all(Array.from({ length: 70 }, () => bench.connect()));
  const heard = await Promise.all(sockets.map(talk));
  await vi.waitFor(() => expect(heard.filter((one) => one.heard.ended)).toHaveLength(6), waiting);
});

async function openedCell(bench: Awaited<ReturnType<typeof makeBench>>): Promise<{ value: LineValue; fd: number } & AsyncDisposable> {
  const client = await bench.client();
  const result = await client.request(order, client.gone);
  if (!('opened' in result)) throw new Error('not opened');
  const recordFd = openSync(join(bench.dir, 'cells.fifo'), constants.O_WRONLY | constants.O_NONBLOCK);
  const levelFd = openSync(join(bench.dir, result.opened.levelFile), 'r');
  const close = async (): Promise<void> => {
    for (const fd of [recordFd, levelFd]) closeSync(fd);
    await client[Symbol.asyncDispose]();
  };
  return { value: openCell({ kind: 'stream', handle: result.opened.handle, recordFd, levelFd }, () => systemClock.monotonicNs()), fd: recordFd, [Symbol.asyncDispose]: close };
}

test('a flood of writes is all on record, in order, and stops the writer instead of losing any', async () => {
  await using bench = await makeBench();
  await using cell = await openedCell(bench);
  let taken = 0;
  const refused: unknown[] = [];
  for (let turn = 0; turn < 60; turn += 1) {
    try {
      for (let n = 0; n < 500; n += 1) {
        cell.value.write(taken % 2 === 0 ? 1 : 0);
        taken += 1;
      }
    } catch (error) {
      refused.push(error);
    }
    if (turn % 20 === 19) await systemClock.sleep(20);
  }
  // Twenty turns of 500 records are more than a pipe of 64 KiB takes while nobody reads.
  expect(refused.length).toBeGreaterThan(0);
  for (const error of refused) expect(error).toMatchObject({ code: 'hardware-fault', message: expect.stringContaining('EAGAIN') });
  await vi.waitFor(() => expect(bench.records().filter((record) => record.by === 'guest')).toHaveLength(taken), waiting);
  const times = bench.records().map((record) => BigInt(record.tNs));
  expect(times.every((tNs, index) => index === 0 || tNs >= (times[index - 1] ?? 0n))).toBe(true);
  expect(bench.board.dropped()).toBe(0);
});

test('writers come and go, and what fits no open output is counted', async () => {
  await using bench = await makeBench();
  for (let round = 0; round < 3; round += 1) {
    const fd = openSync(join(bench.dir, 'cells.fifo'), constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(fd, Buffer.alloc(16, 7));
    closeSync(fd);
  }
  await vi.waitFor(() => expect(bench.board.dropped()).toBe(3), waiting);
  await using cell = await openedCell(bench);
  cell.value.write(1);
  await vi.waitFor(() => expect(cell.value.read()).toBe(1), waiting);
});

test('a press goes down and comes up, both on record as from outside', async () => {
  await using bench = await makeBench();
  await using client = await bench.client();
  await client.request({ op: 'press', part: 'button', ms: 30 }, client.gone);
  await vi.waitFor(() => expect(bench.records().map(({ name, level, by }) => ({ name, level, by }))).toEqual([{ name: 'GPIO22', level: 0, by: 'outside' }, { name: 'GPIO22', level: 1, by: 'outside' }]), waiting);
});

test('a second board in the same folder is refused, a dead one is replaced', async () => {
  await using bench = await makeBench();
  await expect(serve(bench.dir)).rejects.toMatchObject({ code: 'conflict' });
  const dir = mkdtempSync(join(tmpdir(), 'pier-sim-'));
  // What a killed board leaves: a socket that nobody serves, a pipe that nobody reads, its files.
  const corpse = createServer();
  await new Promise<void>((resolve) => {
    corpse.listen(join(dir, 'left.sock'), resolve);
  });
  expect(spawnSync('ln', [join(dir, 'left.sock'), join(dir, 'board.sock')]).status).toBe(0);
  await new Promise((resolve) => corpse.close(resolve));
  expect(spawnSync('mkfifo', [join(dir, 'cells.fifo')]).status).toBe(0);
  writeFileSync(join(dir, 'record.ndjson'), '{"old":true}\n');
  {
    await using board = await serve(dir);
    (await connectBoard(dir))?.destroy();
    expect(readFileSync(board.record, 'utf8')).toBe('{"old":true}\n');
  }
  rmSync(dir, { recursive: true, force: true });
});

test('a board that stops leaves neither socket nor pipe, and its levels read as a fault', async () => {
  const bench = await makeBench();
  const fd = openSync(join(bench.dir, 'levels/pinctrl-bcm2711-2'), 'r');
  expect(readSync(fd, new Uint8Array(1), 0, 1, 0)).toBe(1);
  await bench.board[Symbol.asyncDispose]();
  expect([existsSync(join(bench.dir, 'board.sock')), existsSync(join(bench.dir, 'cells.fifo'))]).toEqual([false, false]);
  expect(readSync(fd, new Uint8Array(1), 0, 1, 0)).toBe(0);
  closeSync(fd);
  rmSync(bench.dir, { recursive: true, force: true });
});

test('a folder too deep for a socket address works all the same', async () => {
  const base = mkdtempSync(join(tmpdir(), 'pier-sim-'));
  const dir = join(base, 'd'.repeat(90), 'e'.repeat(90));
  {
    await using board = await serve(dir);
    const socket = await connectBoard(dir);
    expect(socket).toBeDefined();
    expect(existsSync(board.socket)).toBe(true);
    socket?.destroy();
  }
  rmSync(base, { recursive: true, force: true });
});
