/** Sysfs, by onoff, on a real kernel: what the simulated /sys/class/gpio is an image of. Run inside the guest by `npm run gpio-sim`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@pier/shared/core';
import { openSysfsBoard } from '../../agent/src/hardware/sysfs/index.ts';
import { type BoardUnderTest, boardContract } from '../contract/board.ts';
import { makeGpioSim } from './bench.ts';

async function openGpioSim(): Promise<BoardUnderTest> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'pier-exports-'));
  stack.defer(() => rmSync(folder, { recursive: true }));
  const { chip, lineCount, outside } = stack.use(makeGpioSim());
  const another = (signal = AbortSignal.timeout(30_000)) => openSysfsBoard({ clock: systemClock, folder }, signal);
  const board = stack.use(await another());
  const owned = stack.move();
  return {
    board,
    another,
    outside,
    lines: { pulledDown: { chip, line: 17, name: 'GPIO17' }, pulledUp: { chip, line: 5, name: 'GPIO5' }, reserved: { chip, line: 0 }, unknown: { chip, line: lineCount } },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

boardContract('sysfs, on gpio-sim', { bias: false, edges: 'latest', gone: 'on use' }, openGpioSim);
