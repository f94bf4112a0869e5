import { systemClock } from '@pier/shared/core';
import { openSimBoard } from '../../agent/src/hardware/index.ts';
import { type BoardUnderTest, type Features, boardContract } from './board.ts';
import { outsideOf, startSim } from './sim-bench.ts';

async function openSim({ model, chip, lines }: { model: string; chip: string; lines: number }): Promise<BoardUnderTest> {
  await using stack = new AsyncDisposableStack();
  const bench = stack.use(await startSim({ model }));
  const another = (signal = AbortSignal.timeout(30_000)) => openSimBoard({ dir: bench.dir, clock: systemClock }, signal);
  const board = stack.use(await another());
  const owned = stack.move();
  return {
    board,
    another,
    outside: outsideOf(bench),
    lines: { pulledDown: { chip, line: 17, name: 'GPIO17' }, pulledUp: { chip, line: 5, name: 'GPIO5' }, reserved: { chip, line: 0 }, unknown: { chip, line: lines } },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const features: Features = { bias: true, edges: 'each', gone: 'at once' };

boardContract('simulated Raspberry Pi 4B, over its socket', features, () => openSim({ model: 'raspberry-pi-4b', chip: 'pinctrl-bcm2711', lines: 58 }));
boardContract('simulated Raspberry Pi 5, over its socket', features, () => openSim({ model: 'raspberry-pi-5', chip: 'pinctrl-rp1', lines: 54 }));
