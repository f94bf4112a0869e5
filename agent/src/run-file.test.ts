import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { wat } from '../../test/support/wat.ts';
import { ledGuest } from '../testing/run-stage.ts';
import { startBoard } from '../testing/site.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pier-run-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = async (name: string, text: string): Promise<string> => {
  const path = join(folder, name);
  writeFileSync(path, await wat(text));
  return path;
};
const run = (args: readonly string[], input?: string) => spawnSync(process.execPath, [main, 'run', ...args], { encoding: 'utf8', timeout: 60_000, ...(input === undefined ? { stdio: ['ignore', 'pipe', 'pipe'] } : { input }) });

const echo = `(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 1024))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
    (i32.store (i32.const 4) (i32.load (i32.const 16)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))`;
const exits = (status: number): string => `(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const ${status}))))`;

test('a guest gets what comes in, and what it writes goes out', async () => {
  expect(run([await file('echo.wasm', echo)], 'hello')).toMatchObject({ status: 0, stdout: 'hello' });
});

test.each([0, 3, 42])('the exit status %i of a guest is that of the command', async (status) => {
  expect(run([await file(`exit-${status}.wasm`, exits(status))]).status).toBe(status);
});

test('a trap is 134 and says so', async () => {
  const ran = run([await file('trap.wasm', '(module (memory (export "memory") 1) (func (export "_start") unreachable))')]);
  expect(ran).toMatchObject({ status: 134, stderr: expect.stringContaining('trapped') });
});

test('a guest that does not end in time is ended: 124', async () => {
  const ran = run([await file('loop.wasm', '(module (memory (export "memory") 1) (func (export "_start") (loop br 0)))'), '--timeout', '0.5']);
  expect(ran).toMatchObject({ status: 124, stderr: expect.stringContaining('timed out after 0.5 s') });
});

test('an import that is not granted is refused by name: 126', async () => {
  const ran = run([await file('net.wasm', '(module (import "env" "connect" (func)) (memory (export "memory") 1) (func (export "_start")))')]);
  expect(ran).toMatchObject({ status: 126, stderr: expect.stringMatching(/import-denied.*env.*connect/s) });
});

test('what is no wasm is refused: 126; what is not there is a failure of its own: 125', () => {
  writeFileSync(join(folder, 'text.wasm'), 'hello');
  expect(run([join(folder, 'text.wasm')]).status).toBe(126);
  expect(run([join(folder, 'nowhere.wasm')]).status).toBe(125);
});

test('a wrong option is a matter of usage: 2', () => {
  expect(run(['--frobnicate'])).toMatchObject({ status: 2, stderr: expect.stringContaining('usage') });
});

test('a granted line of a simulated board is driven, and safe again afterwards', async () => {
  await using board = await startBoard(folder);
  const grant = join(folder, 'grant.json');
  writeFileSync(grant, JSON.stringify({ asks: { gpio: [{ label: 'led', mode: 'out', safe: 'inactive' }] }, bindings: { led: { kind: 'gpio', chip: 'pinctrl-bcm2711', line: 17 } } }));
  const wasm = await file('led.wasm', ledGuest(100, ''));
  expect(run([wasm, '--grant', grant]).status).toBe(126);
  const ran = run([wasm, '--grant', grant, '--board', `sim:${board.dir}`]);
  expect(ran).toMatchObject({ status: 0, stderr: '' });
});
