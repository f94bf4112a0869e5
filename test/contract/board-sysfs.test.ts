import { describe } from 'vitest';
import { type BoardUnderTest, boardContract } from './board.ts';
import { outsideOf } from './sim-bench.ts';
import { prepareSysfs, startSysfs } from './sysfs-bench.ts';

const why = await prepareSysfs();

async function openSysfs({ model, chip, lines }: { model: string; chip: string; lines: number }): Promise<BoardUnderTest> {
  await using stack = new AsyncDisposableStack();
  const bench = stack.use(await startSysfs({ model }));
  const board = stack.use(await bench.open());
  const owned = stack.move();
  return {
    board,
    another: (signal) => bench.open(signal),
    outside: outsideOf(bench.sim),
    lines: { pulledDown: { chip, line: 17, name: 'GPIO17' }, pulledUp: { chip, line: 5, name: 'GPIO5' }, reserved: { chip, line: 0 }, unknown: { chip, line: lines } },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe.skipIf(why !== undefined)('over sysfs', () => {
  boardContract('simulated Raspberry Pi 5, by onoff', { bias: false, edges: 'latest', gone: 'on use' }, () => openSysfs({ model: 'raspberry-pi-5', chip: 'pinctrl-rp1', lines: 54 }));
});
