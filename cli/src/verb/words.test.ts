/** How words of a command line are read, and that a key on disk is never lost to a second one. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Command } from 'commander';
import { addKey } from './key.ts';
import { parseBinding } from './binding.ts';
import { tagChange } from './device/change.ts';
import { counted, notNegative, pairs, positive, sizeWords } from './words.ts';

test('a binding word names a line, its direction if one is given, or bytes of storage', () => {
  expect(parseBinding('led=pinctrl-bcm2711:17')).toEqual(['led', { kind: 'gpio', chip: 'pinctrl-bcm2711', line: 17, modes: ['in', 'out'] }]);
  expect(parseBinding('led=pinctrl-bcm2711:17:out')).toEqual(['led', { kind: 'gpio', chip: 'pinctrl-bcm2711', line: 17, modes: ['out'] }]);
  expect(parseBinding('data=storage:65536')).toEqual(['data', { kind: 'storage', maxBytes: 65_536 }]);
});

test.each(['led', 'led=17', 'led=chip:x', '=chip:1', 'led=chip:1:up', 'data=storage:0', 'led=chip:1024'])('"%s" is no binding', (word) => {
  expect(() => parseBinding(word)).toThrow(/is expected, not|chip|line|maxBytes/);
});

test('numbers and pairs that are none are refused in words', () => {
  expect([positive('7'), notNegative('0'), notNegative('7')]).toEqual([7, 0, 7]);
  for (const text of ['', '-1', '1.5', 'x', 'NaN']) for (const read of [positive, notNegative]) expect(() => read(text)).toThrow(/whole number/);
  expect(() => positive('0')).toThrow(/above 0/);
  expect(pairs('site=lab', { row: '1' })).toEqual({ row: '1', site: 'lab' });
  expect(() => pairs('site', {})).toThrow(/key=value/);
});

test('amounts are said in the unit that fits, and counted', () => {
  expect([0, 1, 1_023, 9_216, 1_572_864].map(sizeWords)).toEqual(['0 bytes', '1 byte', '1023 bytes', '9.0 KiB', '1.5 MiB']);
  expect([1, 2].map((count) => counted(count, 'device'))).toEqual(['1 device', '2 devices']);
});

test('a key is readable by its owner alone, and a second one never takes its place', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'pier-key-'));
  try {
    const file = join(dir, 'keys', 'root');
    const generate = async () => {
      const program = new Command().exitOverride();
      addKey(program);
      await program.parseAsync(['key', 'generate', file, '-o', 'json'], { from: 'user' });
    };
    await generate();
    const made = readFileSync(`${file}.key`, 'utf8');
    expect(statSync(`${file}.key`).mode & 0o777).toBe(0o600);
    await expect(generate()).rejects.toMatchObject({ code: 'conflict' });
    expect(readFileSync(`${file}.key`, 'utf8')).toBe(made);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test('tags are set by key=value and removed by key-', () => {
  expect(tagChange(['site=harbour', 'role=', 'spare-', 'a-b=c'])).toEqual({ setTags: { site: 'harbour', role: '', 'a-b': 'c' }, removeTags: ['spare'] });
});

test.each(['', '=x', '-', 'site'])('"%s" changes no tag', (word) => {
  expect(() => tagChange([word])).toThrow(/key=value/);
});
