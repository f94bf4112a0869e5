import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Asks } from '@pier/shared/capability';
import { Label, silentLog, systemClock } from '@pier/shared/core';
import { type Line, type LineCell, openCell } from '@pier/shared/hardware';
import { workerRunner } from '../../agent/src/run/sandbox/index.ts';
import { nothing, run } from '../contract/runner-bench.ts';
import { command, imported } from '../support/wat.ts';
import { type Row, summary } from './summary.ts';

const runs = 7;
/** So many to get warm and as many that count, together below one second's worth of the highest rate that an ask may name: the gate's meter refuses none. */
const writes = 40_000;

/** Says how many microseconds the second half took by its own clock. */
const guest = `
  (local.set $handle (call $open (i32.const 1024) (i32.const 3) (i32.const 1) (i32.const 0)))
  (local.set $left (i32.const ${2 * writes}))
  (loop $again
    (drop (call $set (local.get $handle) (i32.and (local.get $left) (i32.const 1))))
    (if (i32.eq (local.get $left) (i32.const ${writes})) (then (drop (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 128)))))
    (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
  (drop (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 136)))
  (call $say (i32.wrap_i64 (i64.div_u (i64.sub (i64.load (i32.const 136)) (i64.load (i32.const 128))) (i64.const 1000))))`;

/** A guest's writes through the gate to a line that is a descriptor, beside the same writes from plain JavaScript. */
export async function lineWrite(): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'pier-bench-line-'));
  const valueFd = openSync(join(dir, 'value'), 'w+', 0o600);
  try {
    const cell: LineCell = { kind: 'file', valueFd };
    const label = Label.parse('out');
    const line: Line = { at: { chip: 'bench', line: 0 }, direction: 'out', cell, drive: async () => {}, watch: async () => ({ [Symbol.asyncDispose]: async () => {} }), [Symbol.asyncDispose]: async () => {} };
    const [ask] = Asks.parse({ gpio: [{ label, mode: 'out', safe: 'inactive', maxWritesPerS: 100_000 }] }).gpio;
    if (!ask) throw new Error('one ask');
    const wasm = await command(`(local $handle i32) (local $left i32) ${guest}`, {
      imports: [imported('wasi_snapshot_preview1.clock_time_get', 'iIi:i'), imported('pier_gpio.open', 'iiii:i'), imported('pier_gpio.set', 'ii:i')],
      more: '(data (i32.const 1024) "out")',
    });
    const [gated, plain]: [number[], number[]] = [[], []];
    for (let n = 0; n < runs; n += 1) {
      const runner = workerRunner({ clock: systemClock, log: silentLog });
      const { said } = await run(runner, wasm, { grant: { ...nothing, gpio: [{ ask, at: line.at, safe: 'low' }] }, lines: new Map([[label, line]]) });
      gated.push((writes * 1_000) / (said[0] ?? Number.NaN));
      plain.push(plainRate(cell));
    }
    return [
      { name: 'GPIO writes of a guest through the gate, descriptor', unit: 'thousand/s', values: gated },
      { name: 'the same descriptor written from plain JavaScript', unit: 'thousand/s', values: plain },
      { name: 'guest ÷ plain JavaScript', unit: '×', values: [summary(gated).median / summary(plain).median] },
    ];
  } finally {
    closeSync(valueFd);
    rmSync(dir, { recursive: true, force: true });
  }
}

function plainRate(cell: LineCell): number {
  const value = openCell(cell, () => systemClock.monotonicNs());
  for (let left = writes; left > 0; left -= 1) value.write(left & 1 ? 1 : 0);
  const fromNs = systemClock.monotonicNs();
  for (let left = writes; left > 0; left -= 1) value.write(left & 1 ? 1 : 0);
  return (writes * 1e6) / Number(systemClock.monotonicNs() - fromNs);
}
