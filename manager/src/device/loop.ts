import { type Clock, type Log, toFault } from '@pier/shared/core';

export type Loop = { wake(): void; idle(): Promise<void> } & AsyncDisposable;

/**
 * Runs `act` whenever it is woken, and every `everyMs` in case a wake-up was lost. Never twice at once: a wake-up during a
 * run makes one more run. A run that fails is logged and tried again at the next beat, not at once.
 */
export function startLoop({ clock, log, name, everyMs, act }: { clock: Clock; log: Log; name: string; everyMs: number; act: (woken: boolean) => Promise<void> }): Loop {
  const now: { again: boolean; stopped: boolean; running: Promise<void> | undefined } = { again: false, stopped: false, running: undefined };
  const run = async (woken: boolean): Promise<void> => {
    try {
      await act(woken);
      while (now.again && !now.stopped) {
        now.again = false;
        await act(true);
      }
    } catch (error) {
      log.error({ loop: name, error: toFault(error).message }, 'loop.failed');
    }
    now.running = undefined;
  };
  const start = (woken: boolean): void => {
    if (now.stopped) return;
    if (now.running) now.again ||= woken;
    else {
      now.again = false;
      now.running = run(woken);
    }
  };
  const beat = clock.every(everyMs, () => start(false));
  return {
    wake: () => start(true),
    idle: async () => {
      while (now.running) await now.running;
    },
    [Symbol.asyncDispose]: async () => {
      now.stopped = true;
      beat[Symbol.dispose]();
      await now.running;
    },
  };
}
