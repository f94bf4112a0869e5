import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Exports } from './exports.ts';

test('a sweep takes what killed agents were writing and records that cannot be read, and leaves what the living have', ({ skip }) => {
  skip(process.platform !== 'linux', 'processes are looked up in /proc');
  const folder = mkdtempSync(join(tmpdir(), 'pier-exports-'));
  try {
    using living = new Exports(folder);
    living.add({ at: { chip: 'pinctrl-rp1', line: 17 }, number: 529, consumer: 'blink' });
    const [record = ''] = readdirSync(folder);
    const other = `sysfs-${crypto.randomUUID()}.json`;
    const endedPid = spawnSync('true').pid;
    const startTicks = spawnSync('cut', ['-d', ' ', '-f', '22', `/proc/${process.ppid}/stat`], { encoding: 'utf8' }).stdout.trim();
    const written = `${other}.${process.ppid}-${startTicks}.tmp`;
    for (const name of [other, `${other}.${endedPid}-12345.tmp`, `${other}.${process.ppid}-1.tmp`, written, 'notes.txt']) writeFileSync(join(folder, name), '{"by":');
    using next = new Exports(folder);
    next.sweep();
    expect(readdirSync(folder).sort()).toEqual(['notes.txt', record, written].sort());
    expect(next.consumerOf(529)).toBe('blink');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
