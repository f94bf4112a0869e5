import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@pier/shared/core';
import { expect, test } from 'vitest';
import { openSimBoard } from './index.ts';

const open = (dir: string, signal = AbortSignal.timeout(30_000)) => openSimBoard({ dir, clock: systemClock }, signal);
const profile = { model: 'toy', onRelease: 'input', chips: [{ label: 'c', lines: [] }] };

/** Something that listens where a board should. */
async function makeImpostor(onConnection: (socket: Socket) => void) {
  const dir = mkdtempSync(join(tmpdir(), 'pier-impostor-'));
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(join(dir, 'board.sock'), resolve);
  });
  const dispose = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    rmSync(dir, { recursive: true, force: true });
  };
  return { dir, sockets, [Symbol.asyncDispose]: dispose };
}

test('no board, no folder: gone, with the path', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'pier-empty-'));
  await expect(open(dir)).rejects.toMatchObject({ code: 'board-gone', message: expect.stringContaining(join(dir, 'board.sock')) });
  await expect(open(join(dir, 'x'.repeat(120), 'y'))).rejects.toMatchObject({ code: 'board-gone' });
  rmSync(dir, { recursive: true });
});

test('whoever speaks something else is no board', async () => {
  await using other = await makeImpostor((socket) => socket.write('220 mail.example ready\r\n'));
  await expect(open(other.dir)).rejects.toMatchObject({ code: 'board-gone', message: expect.stringContaining('220 mail') });
  await using confused = await makeImpostor((socket) => socket.once('data', () => socket.write('{"id":1,"ok":true}\n')));
  await expect(open(confused.dir)).rejects.toMatchObject({ code: 'hardware-fault' });
});

test('a board without its pipe is gone, and the connection to it is closed', async () => {
  await using half = await makeImpostor((socket) => socket.once('data', () => socket.write(`${JSON.stringify({ id: 1, ok: true, hello: { profile, records: 'cells.fifo' } })}\n`)));
  await expect(open(half.dir)).rejects.toMatchObject({ code: 'board-gone', message: expect.stringContaining('cells.fifo') });
  const socket = half.sockets[0];
  if (socket && !socket.destroyed) await new Promise((resolve) => socket.once('close', resolve));
});

test('a reserved port is refused, and says what for; one that the machine has and the board has not is unknown', async () => {
  const serial = [{ path: '/dev/ttyAMA0', name: 'ttyAMA0', reserved: 'console' }];
  await using small = await makeImpostor((socket) => socket.once('data', () => socket.write(`${JSON.stringify({ id: 1, ok: true, hello: { profile: { ...profile, serial }, records: 'cells' } })}\n`)));
  writeFileSync(join(small.dir, 'cells'), '');
  await using board = await open(small.dir);
  const request = (path: string) => board.openSerial({ path, settings: { baud: 9_600, dataBits: 8, parity: 'none', stopBits: 1 }, consumer: 'meter', onData: () => {}, onGone: () => {} }, new AbortController().signal);
  await expect(request('/dev/ttyAMA0')).rejects.toMatchObject({ code: 'port-reserved', message: expect.stringContaining('console') });
  await expect(request('/dev/ttyS0')).rejects.toMatchObject({ code: 'port-unknown', message: expect.stringContaining('/dev/ttyAMA0') });
});

test('the serial library is not loaded with the room', () => {
  const source = `await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)}); const { createRequire } = await import('node:module'); console.log(Object.keys(createRequire(${JSON.stringify(import.meta.url)}).cache).filter((name) => name.includes('serialport')).length);`;
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' });
  expect(ran).toMatchObject({ status: 0, stdout: '0\n' });
});

test('opening stops when it is told to', async () => {
  await using silent = await makeImpostor(() => {});
  await expect(open(silent.dir, AbortSignal.timeout(50))).rejects.toMatchObject({ name: 'TimeoutError' });
  await expect(open(silent.dir, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
});
