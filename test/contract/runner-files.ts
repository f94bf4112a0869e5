/** The part of the runner's contract about granted folders: what survives, what is confined, what a full quota does. */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Grant, StorageAsk } from '@pier/shared/capability';
import type { Label } from '@pier/shared/core';
import { describe, expect, test, vi } from 'vitest';
import type { Runner } from '../../agent/src/run/sandbox/index.ts';
import { command, imported } from '../support/wat.ts';
import { nothing, run, start } from './runner-bench.ts';

const wasi = 'wasi_snapshot_preview1';
const imports = [
  imported(`${wasi}.path_open`, 'iiiiiIIii:i'), imported(`${wasi}.fd_close`, 'i:i'), imported(`${wasi}.fd_sync`, 'i:i'), imported(`${wasi}.fd_read`, 'iiii:i'), imported(`${wasi}.fd_seek`, 'iIii:i'),
  imported(`${wasi}.path_unlink_file`, 'iii:i'), imported(`${wasi}.path_rename`, 'iiiiii:i'), imported(`${wasi}.path_create_directory`, 'iii:i'), imported(`${wasi}.path_remove_directory`, 'iii:i'),
  imported(`${wasi}.path_symlink`, 'iiiii:i'), imported(`${wasi}.fd_readdir`, 'iiiIi:i'), imported(`${wasi}.path_filestat_get`, 'iiiii:i'), imported(`${wasi}.fd_prestat_dir_name`, 'iii:i'), imported(`${wasi}.args_get`, 'ii:i'),
];
const create = 1;
const folder = 2;
const empty = 8;
const append = 1;

/** Texts of a guest, each at its own address. */
function texts() {
  const data: string[] = [];
  let next = 1_000;
  const at = (text: string): string => {
    const bytes = Buffer.from(text);
    data.push(`(data (i32.const ${next}) "${[...bytes].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')}")`);
    const place = `(i32.const ${next}) (i32.const ${bytes.byteLength})`;
    next += bytes.byteLength;
    return place;
  };
  return { at, more: () => data.join('\n') };
}

/** A guest as a list of acts on the folder that it finds as descriptor 3; every act says its errno, opened files are 4, 5 … */
async function guest(acts: (t: ReturnType<typeof texts>) => readonly string[]): Promise<Uint8Array> {
  const t = texts();
  const body = acts(t).join('\n');
  return command(body, { imports, more: t.more() });
}

type At = ReturnType<typeof texts>['at'];
const said = (call: string): string => `(call $say ${call})`;
const open = (path: string, flags: number, fdflags = 0): string => said(`(call $path_open (i32.const 3) (i32.const 0) ${path} (i32.const ${flags}) (i64.const 66) (i64.const 66) (i32.const ${fdflags}) (i32.const 100))`);
const write = (fd: number, at: string): string => `(i32.store (i32.const 200) (i32.const ${/const (\d+)/.exec(at)?.[1]})) (i32.store (i32.const 204) (i32.const ${/const \d+\) \(i32.const (\d+)/.exec(at)?.[1]})) ${said(`(call $fd_write (i32.const ${fd}) (i32.const 200) (i32.const 1) (i32.const 208))`)}`;
const seek = (fd: number, to: number): string => said(`(call $fd_seek (i32.const ${fd}) (i64.const ${to}) (i32.const 0) (i32.const 216))`);
const close = (fd: number): string => said(`(call $fd_close (i32.const ${fd}))`);
const sync = (fd: number): string => said(`(call $fd_sync (i32.const ${fd}))`);
const show = (fd: number): string => `(i32.store (i32.const 200) (i32.const 3000)) (i32.store (i32.const 204) (i32.const 64)) (drop (call $fd_read (i32.const ${fd}) (i32.const 200) (i32.const 1) (i32.const 208))) (call $print (i32.const 3000) (i32.load (i32.const 208)))`;
const pathed = (name: string, path: string): string => said(`(call $${name} (i32.const 3) ${path})`);
const rename = (from: string, to: string): string => said(`(call $path_rename (i32.const 3) ${from} (i32.const 3) ${to})`);

function volume(maxBytes = 4_096): Disposable & { readonly dir: string; readonly outside: string; readonly program: { readonly grant: Grant; readonly storage: ReadonlyMap<Label, string> } } {
  const root = mkdtempSync(join(tmpdir(), 'pier-volume-'));
  const dir = join(root, 'data');
  mkdirSync(dir);
  writeFileSync(join(root, 'secret'), 'secret');
  const ask = StorageAsk.parse({ label: 'data', path: '/data', maxBytes });
  return {
    dir,
    outside: root,
    program: { grant: { ...nothing, storage: [{ ask, maxBytes }] }, storage: new Map([[ask.label, dir]]) },
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

const waiting = { timeout: 20_000, interval: 10 };
const forever = '(loop $again (br $again))';

export function filesContract(runner: Runner): void {
  describe('what is kept', () => {
    keptContract(runner);
  });
  describe('confinement', () => {
    confinementContract(runner);
  });
}

function keptContract(runner: Runner): void {
  const acts = async (on: ReturnType<typeof volume>, list: (at: At) => readonly string[]) => run(runner, await guest((t) => list(t.at)), on.program);

  test('a guest with files runs on the base, one without a granted folder on imports of our own', async () => {
    using data = volume();
    const wasm = await guest(() => [said('(call $fd_prestat_dir_name (i32.const 3) (i32.const 3000) (i32.const 5))'), '(call $print (i32.const 3000) (i32.const 5))', '(drop (call $args_get (i32.const 300) (i32.const 400)))', '(call $print (i32.const 400) (i32.const 5))']);
    const granted = await run(runner, wasm, data.program);
    expect(granted).toMatchObject({ base: true, end: { kind: 'exited', status: 0 }, text: '\0\0\0\0/datatried' });
    expect(await run(runner, wasm)).toMatchObject({ base: false, text: '\u0008' + '\0'.repeat(8) + 'tried' });
    expect(await run(runner, await command(''), data.program)).toMatchObject({ base: false });
  });

  test('a trap on the base is told as one, with its reason', async () => {
    using data = volume();
    expect((await acts(data, () => ['unreachable'])).end).toEqual({ kind: 'trapped', reason: 'unreachable' });
  });

  test('an appended file grows from run to run', async () => {
    using data = volume();
    const log = (at: At): string[] => [open(at('log'), create, append), write(4, at('line\n')), close(4)];
    await acts(data, log);
    expect((await acts(data, log)).said).toEqual([0, 0, 0]);
    expect(readFileSync(join(data.dir, 'log'), 'utf8')).toBe('line\nline\n');
  });

  test('writing inside a file overwrites and does not insert', async () => {
    using data = volume();
    const { text } = await acts(data, (at) => [open(at('a'), create), write(4, at('0123456789')), seek(4, 3), write(4, at('XYZ')), seek(4, 0), show(4)]);
    expect(text).toMatch(/012XYZ6789$/);
    expect(readFileSync(join(data.dir, 'a'), 'utf8')).toBe('012XYZ6789');
  });

  test('names: folders, renames over a file, removals, and their errors', async () => {
    using data = volume();
    const { said: numbers } = await acts(data, (at) => [
      pathed('path_create_directory', at('d')), pathed('path_create_directory', at('d')), pathed('path_create_directory', at('no/d')),
      open(at('d/x'), create), write(4, at('new')), close(4), open(at('./d//y'), create), close(4),
      rename(at('d/x'), at('d/y')), pathed('path_remove_directory', at('d')), rename(at('d'), at('e')), pathed('path_unlink_file', at('e')), pathed('path_unlink_file', at('gone')), open(at('d'), folder), open(at('e/y'), folder),
    ]);
    expect(numbers).toEqual([0, 20, 44, 0, 0, 0, 0, 0, 0, 55, 0, 31, 44, 44, 54]);
    expect(readFileSync(join(data.dir, 'e/y'), 'utf8')).toBe('new');
  });

  test('an emptied file keeps its old content on disk until the new one is synced, also when the guest is killed', async () => {
    using data = volume();
    writeFileSync(join(data.dir, 'state'), 'old');
    const replace = (last: (at: At) => string[]) => guest((t) => [open(t.at('state'), create | empty), write(4, t.at('new')), ...last(t.at), `(call $print ${t.at('done\n')})`, forever]);
    for (const [wasm, left] of [[await replace(() => []), 'old'], [await replace(() => [sync(4)]), 'new']] as const) {
      const { guest: running, seen } = await start(runner, wasm, data.program);
      await vi.waitFor(() => expect(Buffer.from(seen.stdout).toString()).toContain('done'), waiting);
      await running.stop(0);
      expect(readFileSync(join(data.dir, 'state'), 'utf8')).toBe(left);
    }
    await acts(data, () => []);
    expect(readdirSync(data.dir)).toEqual(['state']);
  });

  test('a quota that is full is told as "no space", and holds over restarts', async () => {
    using data = volume(8);
    const list = (at: At): string[] => [open(at('a'), create, append), write(4, at('12345')), write(4, at('67890')), write(4, at('x')), close(4)];
    expect((await acts(data, list)).said).toEqual([0, 0, 0, 51, 0]);
    expect(readFileSync(join(data.dir, 'a'), 'utf8')).toBe('12345678');
    expect((await acts(data, list)).said).toEqual([0, 51, 51, 51, 0]);
    expect((await acts(data, (at) => [pathed('path_unlink_file', at('a')), open(at('b'), create), seek(4, 100), write(4, at('z')), seek(4, 0), write(4, at('12345678'))])).said).toEqual([0, 0, 0, 51, 0, 0]);
  });
}

function confinementContract(runner: Runner): void {
  test('absolute paths, "..", planted links and reserved names lead nowhere', async () => {
    using data = volume();
    mkdirSync(join(data.dir, 'd'));
    symlinkSync('/', join(data.dir, 'link'));
    symlinkSync(join(data.outside, 'secret'), join(data.dir, 'file'));
    const wasm = await guest(({ at }) => [
      open(at('/etc/passwd'), 0), open(at('../secret'), 0), open(at('d/../../secret'), 0), open(at('link/etc/passwd'), 0), open(at('file'), 0), open(at('file'), create | empty), open(at('link'), folder),
      rename(at('file'), at('mine')), rename(at('d'), at('../d')), pathed('path_unlink_file', at('../secret')), open(at('.pier-new-1'), create), open(at('a\0b'), create), open(at(''), create), open(at(`${'x/'.repeat(40)}y`), create),
      said(`(call $path_symlink ${at('/')} (i32.const 3) ${at('mine')})`), open(at('d/./../d/ok'), create),
    ]);
    const { said: numbers, end } = await run(runner, wasm, data.program);
    expect(numbers).toEqual([76, 76, 76, 32, 32, 32, 32, 32, 76, 76, 63, 28, 44, 37, 58, 0]);
    expect(end).toEqual({ kind: 'exited', status: 0 });
    expect(readFileSync(join(data.outside, 'secret'), 'utf8')).toBe('secret');
    expect(readdirSync(data.dir).toSorted()).toEqual(['d', 'file', 'link']);
  });

  test('a list shows files and folders, and nothing else', async () => {
    using data = volume();
    mkdirSync(join(data.dir, 'sub'));
    writeFileSync(join(data.dir, 'one'), '');
    symlinkSync('/', join(data.dir, 'link'));
    const { text } = await run(runner, await guest(() => ['(drop (call $fd_readdir (i32.const 3) (i32.const 3000) (i32.const 4096) (i64.const 0) (i32.const 200)))', '(call $print (i32.const 3000) (i32.load (i32.const 200)))']), data.program);
    const names = [...text.matchAll(/[.a-z]+/g)].map(([name]) => name);
    expect(names).toEqual(['.', '..', 'one', 'sub']);
  });

  test('descriptors are bounded', async () => {
    using data = volume();
    const { said: numbers } = await run(runner, await guest(({ at }) => Array.from({ length: 70 }, () => open(at('f'), create))), data.program);
    expect(numbers.filter((number) => number === 0)).toHaveLength(60);
    expect(numbers.at(-1)).toBe(33);
  });
}
