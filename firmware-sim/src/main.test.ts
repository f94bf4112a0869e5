import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type NodeChild, spawnNode } from '@pier/shared/process';
import { expect, test, vi } from 'vitest';

const program = fileURLToPath(new URL('./main.ts', import.meta.url));
const waiting = { timeout: 20_000, interval: 20 };

function start(args: readonly string[]): NodeChild {
  return spawnNode([program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PIER_LOG: 'silent' } });
}

async function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  await using child = start(args);
  const { stdout, stderr } = child.child;
  if (!stdout || !stderr) throw new Error('no pipes');
  const [out, err, { code }] = await Promise.all([text(stdout), text(stderr), child.exited]);
  return { code, out, err };
}

function makeFolder(file: object): { readonly dir: string; readonly file: string } & Disposable {
  const dir = mkdtempSync(join(tmpdir(), 'pier-sim-'));
  writeFileSync(join(dir, 'board.json'), JSON.stringify(file));
  return { dir, file: join(dir, 'board.json'), [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) };
}

const blinky = { model: 'raspberry-pi-4b', parts: [{ part: 'led', name: 'led', line: 'GPIO17' }, { part: 'button', name: 'button', line: 'GPIO22' }] };

async function readyLine(child: NodeChild): Promise<unknown> {
  const { stdout } = child.child;
  if (!stdout) throw new Error('no stdout');
  return JSON.parse(await new Promise<string>((resolve) => createInterface({ input: stdout }).once('line', resolve)));
}

test('a board says when it is ready, obeys the other verbs, and ends with 0 on SIGTERM', async () => {
  using folder = makeFolder(blinky);
  const dir = join(folder.dir, 'run');
  await using board = start(['board', folder.file, '--dir', dir, '--ready', 'json']);
  expect(await readyLine(board)).toEqual({ ready: true, socket: join(dir, 'board.sock'), record: join(dir, 'record.ndjson') });
  expect(await run('set', dir, 'GPIO27', '1')).toEqual({ code: 0, out: '', err: '' });
  expect((await run('press', dir, 'button', '--ms', '10')).code).toBe(0);
  await vi.waitFor(() => expect(readFileSync(join(dir, 'record.ndjson'), 'utf8').trim().split('\n')).toHaveLength(3), waiting);
  const listed: unknown = JSON.parse((await run('lines', dir, '-o', 'json')).out);
  expect(listed).toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ name: 'GPIO27', level: 1, edges: 1 }), expect.objectContaining({ name: 'GPIO22', level: 1, edges: 2 })]), next: null });
  expect((await run('lines', dir)).out).toMatch(/pinctrl-bcm2711 27 GPIO27 +in +1 +1\n/);
  expect(await run('set', dir, 'GPIO99', '1')).toMatchObject({ code: 1, err: expect.stringContaining('line-unknown: ') });
  expect(await run('board', folder.file, '--dir', dir)).toMatchObject({ code: 5, err: expect.stringContaining('conflict: ') });
  board.child.kill('SIGTERM');
  expect(await board.exited).toEqual({ code: 0, signal: null });
  expect(existsSync(join(dir, 'board.sock'))).toBe(false);
  expect(await run('lines', dir)).toMatchObject({ code: 6, err: expect.stringContaining('unreachable: ') });
});

test('a board that cannot show its pins where it was told to says so, and does not stay', async () => {
  using folder = makeFolder(blinky);
  const dir = join(folder.dir, 'run');
  expect(await run('board', folder.file, '--dir', dir, '--sysfs', join(folder.dir, 'none'))).toMatchObject({ code: 4, out: '', err: expect.stringMatching(/^not-found: there is no folder .*none/) });
  expect(await run('board', folder.file, '--dir', dir, '--sysfs', folder.file)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/^input-invalid: .* is no folder/) });
  expect(existsSync(join(dir, 'board.sock'))).toBe(false);
});

test('serial ports are listed, unplugged, plugged in, spoiled and set by their verbs', async () => {
  using folder = makeFolder({ model: 'raspberry-pi-3b', parts: [{ part: 'modbus-meter', name: 'meter', port: 'meter0', powerW: 460 }] });
  const { dir } = folder;
  await using board = start(['board', folder.file, '--dir', dir, '--ready', 'json']);
  await readyLine(board);
  const listed = async (): Promise<unknown> => JSON.parse((await run('ports', dir, '-o', 'json')).out);
  const path = join(dir, 'serial', 'meter0');
  expect(await listed()).toMatchObject({ items: [{ port: 'meter0', path, kind: 'modbus-meter', fault: 'none', values: { currentA: 2 } }], next: null });
  expect((await run('ports', dir)).out).toMatch(/^meter0 modbus-meter "meter" .*\/serial\/meter0 -> \/dev\/pts\/\d+ /);
  expect((await run('set', dir, 'meter', 'powerW=920', 'frequencyHz=49.9')).code).toBe(0);
  expect((await run('fault', dir, 'meter0', 'silent', '--count', '2')).code).toBe(0);
  expect((await run('unplug', dir, 'meter0')).code).toBe(0);
  expect(await listed()).toMatchObject({ items: [{ device: null, baud: null, fault: 'silent', faultsLeft: 2, values: { currentA: 4, frequencyHz: 49.9 } }] });
  expect((await run('ports', dir)).out).toContain('unplugged');
  expect(existsSync(path)).toBe(false);
  expect(await run('unplug', dir, 'meter0')).toMatchObject({ code: 5, err: expect.stringContaining('conflict: ') });
  expect((await run('plug', dir, 'meter0')).code).toBe(0);
  expect(existsSync(path)).toBe(true);
  expect(await run('plug', dir, 'nowhere')).toMatchObject({ code: 4, err: expect.stringContaining('meter0') });
  expect(await run('set', dir, 'meter', 'colour=1')).toMatchObject({ code: 2, err: expect.stringContaining('colour') });
});

test('a board that was killed is replaced in its folder', async () => {
  using folder = makeFolder(blinky);
  {
    await using killed = start(['board', folder.file, '--dir', folder.dir, '--ready', 'json']);
    await readyLine(killed);
    killed.child.kill('SIGKILL');
    await killed.exited;
  }
  expect(existsSync(join(folder.dir, 'board.sock'))).toBe(true);
  await using board = start(['board', folder.file, '--dir', folder.dir, '--ready', 'json']);
  expect(await readyLine(board)).toMatchObject({ ready: true });
  expect((await run('lines', folder.dir)).code).toBe(0);
});

test('a board ends when whoever started it is gone', async () => {
  using folder = makeFolder(blinky);
  const source = `import { spawnNode } from '@pier/shared/process'; const board = spawnNode(${JSON.stringify([program, 'board', folder.file, '--dir', folder.dir, '--ready', 'json'])}, { stdio: ['ignore', 'inherit', 'inherit'] }); await board.exited;`;
  await using parent = spawnNode(['--input-type=module', '-e', source], { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, PIER_LOG: 'silent' } });
  await readyLine(parent);
  parent.child.kill('SIGKILL');
  await parent.exited;
  await vi.waitFor(() => expect(existsSync(join(folder.dir, 'board.sock'))).toBe(false), waiting);
});

test('a wrong command line and a wrong board file end with 2 and a sentence, a missing one with 4', async () => {
  using folder = makeFolder({ model: 'raspberry-pi-9', parts: [] });
  expect(await run('fly')).toMatchObject({ code: 2, err: expect.stringContaining('known are') });
  expect(await run('board', folder.file, '--dir', folder.dir)).toMatchObject({ code: 2, err: expect.stringContaining('model') });
  expect(await run('board', join(folder.dir, 'none.json'), '--dir', folder.dir)).toMatchObject({ code: 4 });
});
