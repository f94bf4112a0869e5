import type { ChangeEvent } from '@pier/shared/api';
import type { Clock } from '@pier/shared/core';
import type { Changed } from './fresh.ts';

const idsMax = 5_000;

export type Gather = { readonly add: (change: ChangeEvent) => void } & Disposable;

/**
 * Gathers changes and tells of them at most once in `everyMs`: five hundred changes a second must not be five hundred questions.
 * More ids than it keeps, or a `resync`, are told as "anything may have changed".
 */
export function gatherChanges({ clock, everyMs, tell, tellAll }: { clock: Clock; everyMs: number; tell: (changed: Changed) => void; tellAll: () => void }): Gather {
  let waiting = new Map<Exclude<ChangeEvent['kind'], 'resync'>, Set<string>>();
  let all = false;
  let timer: Disposable | undefined;
  let quietUntilMs = 0;
  const say = (): void => {
    timer = undefined;
    quietUntilMs = clock.monotonicMs() + everyMs;
    const [changed, everything] = [waiting, all];
    waiting = new Map();
    all = false;
    if (everything) tellAll();
    else tell(changed);
  };
  return {
    add: ({ kind, ids }) => {
      if (kind === 'resync') all = true;
      else {
        const known = waiting.get(kind) ?? new Set();
        for (const id of ids) known.add(id);
        waiting.set(kind, known);
        if (known.size > idsMax) all = true;
      }
      timer ??= clock.after(Math.max(50, quietUntilMs - clock.monotonicMs()), say);
    },
    [Symbol.dispose]: () => timer?.[Symbol.dispose](),
  };
}
