import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Clock } from '@pier/shared/core';
import type { Store } from './store.ts';

/** The manager's time, told once a second; it stands still while the page is not live. */
export type Now = { readonly get: () => number; readonly listen: (heard: () => void) => () => void };

export function tickingNow({ clock, skewMs, runs }: { clock: Clock; skewMs: Store<number>; runs: () => boolean }): Now {
  const read = (): number => Math.floor((clock.nowMs() + skewMs.get()) / 1_000) * 1_000;
  let now = read();
  const listeners = new Set<() => void>();
  let timer: Disposable | undefined;
  const tick = (): void => {
    if (!runs()) return;
    now = read();
    for (const heard of listeners) heard();
  };
  return {
    get: () => now,
    listen: (heard) => {
      listeners.add(heard);
      timer ??= clock.every(1_000, tick);
      return () => {
        listeners.delete(heard);
        if (listeners.size > 0) return;
        timer?.[Symbol.dispose]();
        timer = undefined;
      };
    },
  };
}

export const NowContext = createContext<Now | undefined>(undefined);

/** The manager's time in milliseconds, of this second. Whoever uses it is drawn again each second. */
export function useNow(): number {
  return useNowAs((nowMs) => nowMs);
}

/** What `read` makes of the manager's time: words, or whether something is over. Drawn again only when that changes, so a list of a hundred ages stands still. */
export function useNowAs<T extends string | number | boolean>(read: (nowMs: number) => T): T {
  const now = useContext(NowContext);
  if (now === undefined) throw new Error('a page stands outside of its NowContext');
  return useSyncExternalStore(now.listen, () => read(now.get()));
}
