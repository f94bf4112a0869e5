import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SimRecord } from '@pier/shared/hardware';
import { expect, test } from 'vitest';
import { readRecordTail, sinceBoot } from './record-tail.ts';

const lineOf = (n: number): string => {
  const record: SimRecord = { tNs: String(n), chip: 'pinctrl-bcm2711', line: 17, name: 'GPIO17', level: n % 2 === 0 ? 0 : 1, direction: 'out', by: 'guest', consumer: 'blink' };
  return `${JSON.stringify(record)}\n`;
};
const linesOf = (from: number, to: number): string => Array.from({ length: to - from + 1 }, (_, index) => lineOf(from + index)).join('');

function makeRecord(text?: string) {
  const dir = mkdtempSync(join(tmpdir(), 'pier-tail-'));
  const path = join(dir, 'record.ndjson');
  if (text !== undefined) writeFileSync(path, text);
  const tail = async (query: { after?: string; limit?: number } = {}) => {
    const { edges, left, next } = await readRecordTail({ dir }, { limit: 500, ...query });
    return { times: edges.map((edge) => Number(edge.tNs)), left, next };
  };
  return { dir, path, tail, append: (more: string) => appendFileSync(path, more), [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) };
}

test('the last changes are told, what is older is counted, and `next` goes on from there', async () => {
  using made = makeRecord(linesOf(1, 10));
  const first = await made.tail({ limit: 3 });
  expect(first).toMatchObject({ times: [8, 9, 10], left: 7 });
  expect(await made.tail({ after: first.next })).toEqual({ times: [], left: 0, next: first.next });
  made.append(linesOf(11, 15));
  expect(await made.tail({ after: first.next })).toMatchObject({ times: [11, 12, 13, 14, 15], left: 0 });
  expect(await made.tail({ after: first.next, limit: 2 })).toMatchObject({ times: [14, 15], left: 3 });
});

test('each edge says what changed, and nothing else of the record', async () => {
  using made = makeRecord(lineOf(1));
  expect((await readRecordTail(made, { limit: 1 })).edges).toEqual([{ tNs: '1', name: 'GPIO17', level: 1, direction: 'out', by: 'guest', consumer: 'blink' }]);
});

test('half a line at the end waits until it is whole', async () => {
  using made = makeRecord(linesOf(1, 2) + lineOf(3).slice(0, 40));
  const first = await made.tail();
  expect(first).toMatchObject({ times: [1, 2], left: 0 });
  made.append(lineOf(3).slice(40));
  expect((await made.tail({ after: first.next })).times).toEqual([3]);
});

test('a record that was started anew is read from its beginning, and the rest of the full one is counted', async () => {
  using made = makeRecord(linesOf(1, 5));
  const { next } = await made.tail();
  made.append(linesOf(6, 9));
  renameSync(made.path, `${made.path}.1`);
  writeFileSync(made.path, linesOf(10, 12));
  expect(await made.tail({ after: next })).toMatchObject({ times: [10, 11, 12], left: 4 });
});

test('so is one that was cut, or that is another one under the same number', async () => {
  using made = makeRecord(linesOf(1, 5));
  const { next } = await made.tail();
  truncateSync(made.path, 0);
  made.append(linesOf(6, 6));
  expect(await made.tail({ after: next })).toMatchObject({ times: [6], left: 0 });
  writeFileSync(made.path, 'x'.repeat(5_000) + '\n' + linesOf(7, 8));
  expect(await made.tail({ after: next })).toMatchObject({ times: [7, 8], left: 1 });
});

test('without a record there is nothing, and what comes is told', async () => {
  using made = makeRecord();
  const none = await made.tail();
  expect(none).toMatchObject({ times: [], left: 0 });
  made.append(linesOf(1, 2));
  expect((await made.tail({ after: none.next })).times).toEqual([1, 2]);
});

test('of a long record no more than the end is looked at, and all of it is counted', async () => {
  using made = makeRecord(linesOf(1, 20_000));
  const { times, left, next } = await made.tail({ limit: 2_000 });
  expect([times.length, times[0], times.at(-1), left]).toEqual([2_000, 18_001, 20_000, 18_000]);
  made.append(linesOf(20_001, 40_000));
  const more = await made.tail({ after: next, limit: 2_000 });
  expect([more.times.length, more.times[0], more.left]).toEqual([2_000, 38_001, 18_000]);
});

test.each([['nonsense'], ['{"tNs":"1"}'], ['[]'], ['null'], ['{}'], [lineOf(1).trim().replace('"1"', '"-1"')], [lineOf(1).trim().replace('"1"', '"0x1"')], [lineOf(1).trim().replace('"guest"', '"nobody"')], [lineOf(1).trim().replace('GPIO17', 'x'.repeat(5_000))], [lineOf(1).trim().replace('{', '{"more":1,')], ['\u0000\u00ff']])('%.60j is left out and counted', async (line) => {
  using made = makeRecord(`${lineOf(1)}${line}\n${lineOf(3)}`);
  expect(await made.tail()).toMatchObject({ times: [1, 3], left: 1 });
});

test('a line without an end is passed over as one change, however long, and what comes after it is told', async () => {
  using made = makeRecord(lineOf(1) + 'x'.repeat(3 << 20));
  expect(await made.tail()).toMatchObject({ times: [], left: 2 });
  made.append(`\n${linesOf(2, 3)}`);
  expect((await made.tail()).times).toEqual([2, 3]);
});

test('a record that is a link, a pipe or a folder is none', async () => {
  using made = makeRecord();
  writeFileSync(join(made.dir, 'secret'), linesOf(1, 2));
  symlinkSync(join(made.dir, 'secret'), made.path);
  expect(await made.tail()).toMatchObject({ times: [], left: 0 });
  rmSync(made.path);
  expect(spawnSync('mkfifo', [made.path]).status).toBe(0);
  expect(await made.tail()).toMatchObject({ times: [], left: 0 });
});

test.each(['', 'x', '1', '1-', '-1', '1--1', '1-2-3', '1-1e3', '../1-2'])('an `after` such as "%s" is refused', async (after) => {
  using made = makeRecord(lineOf(1));
  await expect(made.tail({ after })).rejects.toMatchObject({ code: 'input-invalid' });
});

test('what was recorded before the machine started again has no place on its time', () => {
  const edges = [1, 900, 2, 3].map((n) => ({ tNs: String(n) }));
  expect(sinceBoot(edges, 500n)).toEqual([{ tNs: '2' }, { tNs: '3' }]);
  expect(sinceBoot(edges, 900n)).toEqual(edges);
  expect(sinceBoot([], 1n)).toEqual([]);
});
