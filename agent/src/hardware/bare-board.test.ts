import { type Clock, Fault, type Log, silentLog, systemClock } from '@pier/shared/core';
import { expect, test, vi } from 'vitest';
import { openBareBoard } from './bare-board.ts';
import { ToyKernel } from './chardev/toy-kernel.ts';

test('why it could not be looked for pins is said when it changes, and not at every look', async () => {
  using toy = new ToyKernel();
  let tick = (): void => {};
  const clock: Clock = {
    ...systemClock,
    every: (_, act) => {
      tick = act;
      return { [Symbol.dispose]: () => {} };
    },
  };
  const said: unknown[] = [];
  const log: Log = { ...silentLog, warn: (fields, event) => void said.push({ event, ...fields }) };
  let looks = 0;
  const hasPins = async (): Promise<boolean> => {
    looks += 1;
    if (looks === 4) return false;
    throw new Fault('hardware-fault', looks === 3 ? 'the chip is odd' : 'the chip is mute');
  };
  await using board = openBareBoard({ clock, log, roots: toy.roots, hasPins });
  for (let look = 1; look <= 6; look += 1) {
    await vi.waitFor(() => {
      tick();
      expect(looks).toBe(look);
    }, { timeout: 20_000 });
    await systemClock.sleep(1);
  }
  const mute = { event: 'board.look-failed', code: 'hardware-fault', reason: 'the chip is mute' };
  expect([looks, said]).toEqual([6, [mute, { ...mute, reason: 'the chip is odd' }, mute]]);
  expect(board.gone.aborted).toBe(false);
});
