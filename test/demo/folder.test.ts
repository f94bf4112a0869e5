import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { holdFolder } from './folder.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pier-folder-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('a demo may start again where one has ended, and starts with nothing', () => {
  holdFolder(join(dir, 'demo'))[Symbol.dispose]();
  writeFileSync(join(dir, 'demo', 'left-over'), 'x');
  using _held = holdFolder(join(dir, 'demo'));
  expect(existsSync(join(dir, 'demo', 'left-over'))).toBe(false);
});

test('a folder with something else in it is not touched', () => {
  writeFileSync(join(dir, 'thesis.txt'), 'years of work');
  expect(() => holdFolder(dir)).toThrow(/not a demo's/);
  expect(readFileSync(join(dir, 'thesis.txt'), 'utf8')).toBe('years of work');
});

test('two demos do not share a folder', () => {
  writeFileSync(join(dir, 'pier-demo.pid'), String(process.ppid));
  expect(() => holdFolder(dir)).toThrow(/already runs/);
});
