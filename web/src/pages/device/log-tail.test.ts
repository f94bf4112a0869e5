import { expect, test } from 'vitest';
import type { LogView } from '@pier/shared/api';
import { type Tail, addLines, appsShown, followWords, foundWords, linesWords, logLinesMax, logText, mergeTails } from './log-tail.ts';

const empty: Tail = { rows: [], next: undefined, dropped: 0, left: 0 };
const answer = (from: number, n: number, dropped = 0): LogView => ({ lines: Array.from({ length: n }, (_, index) => ({ id: String(from + index), at: `2026-11-20T00:00:${String(from + index).padStart(2, '0')}.000Z`, stream: 'stdout', text: `line ${from + index}` })), next: String(from + n), dropped });

test('lines come behind lines, and what was dropped since stands between them', () => {
  const tail = addLines(addLines(empty, 'meter', answer(0, 2)), 'meter', answer(2, 1, 12));
  expect(tail.rows.map((row) => (row.kind === 'gap' ? row.says : row.text))).toEqual(['line 0', 'line 1', '12 lines of meter dropped on the device: it wrote more than it may', 'line 2']);
  expect([tail.next, tail.dropped, tail.left]).toEqual(['3', 12, 0]);
});

test('no more is kept than it may, and what was let go of is counted', () => {
  const tail = addLines(addLines(empty, 'meter', answer(0, logLinesMax)), 'meter', answer(10, 7));
  expect([tail.rows.length, tail.left]).toEqual([logLinesMax, 7]);
  expect(linesWords(tail.rows, tail.left)).toBe('5,000 lines kept here, 7 older left out');
});

test('lines of two apps stand by their time, a gap before the line that it stood before', () => {
  const a = addLines(addLines(empty, 'a', answer(1, 1)), 'a', answer(5, 1, 3));
  const b = addLines(empty, 'b', answer(3, 1));
  expect(mergeTails([a, b]).map(({ id }) => id)).toEqual(['a 1', 'b 3', 'gap a 6 3', 'a 5']);
  expect(mergeTails([])).toEqual([]);
});

test('a kept file says time, app and text, and what is missing', () => {
  expect(logText(addLines(empty, 'a', { ...answer(1, 1, 2) }).rows)).toBe('--- 2 lines of a dropped on the device: it wrote more than it may ---\n2026-11-20T00:00:01.000Z a line 1\n');
});

test('what is said above the lines: how many, and in how many places the searched words stand', () => {
  const log = addLines(empty, 'a', answer(0, 12, 2));
  expect([foundWords(log, undefined), foundWords(log, 3), foundWords(log, 1), foundWords(log, 0)]).toEqual(['12 lines', '3 hits in 12 lines', '1 hit in 12 lines', 'Nothing in 12 lines reads so']);
});

test('a device that is away brings nothing new, whatever is followed', () => {
  expect([followWords({ online: true, following: true }), followWords({ online: true, following: false }), followWords({ online: false, following: true })]).toEqual(['Following', 'Standing still', 'Offline: nothing new comes']);
});

test('a picked app that the device does not have picks nothing', () => {
  expect([appsShown(['a', 'b'], 'b'), appsShown(['a', 'b'], 'c'), appsShown(['a', 'b'], undefined)]).toEqual([['b'], ['a', 'b'], ['a', 'b']]);
});
