import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '@pier/shared/core';
import type { Runner } from './run/sandbox/index.ts';

const quietMs = 5_000;

/** `stir` says that much was made just now that is not needed any more. */
export type Settle = { stir(): void } & Disposable;

/**
 * Collects once everything has been quiet for a while: what a start, an enrolment or a rollout leaves behind would stay as
 * long as an idle agent makes nothing new, which may be for days.
 */
export function createSettle(clock: Clock, collect: () => void = fullCollection): Settle {
  let waiting: Disposable | undefined;
  const end = (): void => waiting?.[Symbol.dispose]();
  return {
    stir: () => {
      end();
      waiting = clock.after(quietMs, collect);
    },
    [Symbol.dispose]: end,
  };
}

/** The same runner; every start and every end of a guest stirs. */
export function settlingRunner(runner: Runner, settle: Settle): Runner {
  return {
    ...runner,
    start: async (...how) => {
      const guest = await runner.start(...how);
      settle.stir();
      void guest.ended.then(() => settle.stir());
      return guest;
    },
  };
}

/** The flag is taken back at once: with it V8 would not use Node's compiled code for the threads of guests, which then start 20 ms later. */
function fullCollection(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  collect();
  // What the first one finalized goes with the second.
  collect();
}
