/** The character device on a real kernel: run inside the guest by `npm run gpio-sim`. */
import { systemClock } from '@pier/shared/core';
import { Pollers, openChardevBoard, openKernel } from '../../agent/src/hardware/chardev/index.ts';
import { machineRoots } from '../../agent/src/hardware/machine/index.ts';
import { type BoardUnderTest, boardContract } from '../contract/board.ts';
import { makeGpioSim } from './bench.ts';

const pollers = new Pollers();

async function openGpioSim(): Promise<BoardUnderTest> {
  await using stack = new AsyncDisposableStack();
  const { chip, lineCount, outside } = stack.use(makeGpioSim());
  const another = (signal = AbortSignal.timeout(30_000)) => openChardevBoard({ openKernel, pollers, clock: systemClock, roots: machineRoots }, signal);
  const board = stack.use(await another());
  const owned = stack.move();
  return {
    board,
    another,
    outside,
    lines: { pulledDown: { chip, line: 17, name: 'GPIO17' }, pulledUp: { chip, line: 5, name: 'GPIO5' }, reserved: { chip, line: 7 }, unknown: { chip, line: lineCount } },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

boardContract('character device, on gpio-sim', { bias: true, edges: 'each', gone: 'at once' }, openGpioSim);
