/** Writes levels through a value cell in a thread of its own, waiting each time until the pin shows it. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Level, type LineCell, openCell } from '@pier/shared/hardware';

const { cell, levels } = workerData as { cell: LineCell; levels: readonly Level[] };
const value = openCell(cell, () => process.hrtime.bigint());
const pause = new Int32Array(new SharedArrayBuffer(4));
const deadlineNs = process.hrtime.bigint() + 20_000_000_000n;
const read = levels.map((level) => {
  value.write(level);
  while (value.read() !== level && process.hrtime.bigint() < deadlineNs) Atomics.wait(pause, 0, 0, 1);
  return value.read();
});
parentPort?.postMessage(read, []);
