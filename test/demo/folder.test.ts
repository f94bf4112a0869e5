import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { holdFolder } from './folder.ts';
import { keep } from './kept.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pier-folder-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('a demo may start again where one has ended, and starts with nothing', () => {
  holdFolder(join(dir, 'demo'), { anew: true })[Symbol.dispose]();
  writeFileSync(join(dir, 'demo', 'left-over'), 'x');
  using _held = holdFolder(join(dir, 'demo'), { anew: true });
  expect(existsSync(join(dir, 'demo', 'left-over'))).toBe(false);
});

test('a folder with something else in it is not touched', () => {
  writeFileSync(join(dir, 'thesis.txt'), 'years of work');
  expect(() => holdFolder(dir, { anew: true })).toThrow(/not a demo's/);
  expect(readFileSync(join(dir, 'thesis.txt'), 'utf8')).toBe('years of work');
});

test('two demos do not share a folder', () => {
  writeFileSync(join(dir, 'pier-demo.pid'), String(process.ppid));
  expect(() => holdFolder(dir, { anew: true })).toThrow(/already runs/);
});

const credentials = { registryCredentials: { user: 'u', password: 'p' }, admin: { user: 'admin', password: 'p', token: 't' } };

test('a whole demo goes on where it ended, unless a new one is wanted', () => {
  const folder = join(dir, 'demo');
  holdFolder(folder, { anew: true })[Symbol.dispose]();
  writeFileSync(join(folder, 'fleet'), 'six boards');
  keep(folder, credentials);
  const again = holdFolder(folder, { anew: false });
  expect([again.kept, readFileSync(join(folder, 'fleet'), 'utf8')]).toEqual([credentials, 'six boards']);
  again[Symbol.dispose]();
  using anew = holdFolder(folder, { anew: true });
  expect([anew.kept, existsSync(join(folder, 'fleet'))]).toEqual([undefined, false]);
});

test('a demo that was cut short in its story is played anew', () => {
  const folder = join(dir, 'demo');
  holdFolder(folder, { anew: true })[Symbol.dispose]();
  writeFileSync(join(folder, 'half'), 'x');
  using again = holdFolder(folder, { anew: false });
  expect([again.kept, existsSync(join(folder, 'half'))]).toEqual([undefined, false]);
});

test('credentials that are kept are for their owner alone', () => {
  keep(dir, credentials);
  expect(statSync(join(dir, 'demo.json')).mode & 0o777).toBe(0o600);
});
