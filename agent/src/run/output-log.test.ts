import { expect, test } from 'vitest';
import { AppName, silentLog } from '@pier/shared/core';
import { OutputLog } from './output-log.ts';

test('a guest that floods writes a bounded number of lines into the log, and what is missing is counted', () => {
  const lines: { text: string; unlogged: number; dropped: number }[] = [];
  const time = { ns: 0n };
  const log = { ...silentLog, info: (fields: object) => void lines.push(fields as (typeof lines)[number]) };
  const output = new OutputLog({ app: AppName.parse('noisy'), log, clock: { monotonicNs: () => time.ns } });
  for (let n = 0; n < 1_000; n += 1) {
    output.write('stdout', Buffer.from('x\n'), 3);
    time.ns += 2_000_000n;
  }
  time.ns += 1_000_000_000n;
  output.write('stderr', Buffer.from('late'), 0);
  expect(lines[0]).toEqual({ app: 'noisy', stream: 'stdout', text: 'x\n', dropped: 3, unlogged: 0 });
  expect(lines.length).toBeGreaterThan(100);
  expect(lines.length).toBeLessThan(150);
  const counted = lines.reduce((sum, { text, dropped, unlogged }) => sum + text.length + dropped + unlogged, 0);
  expect(counted).toBe(5 * 1_000 + 4);
});
