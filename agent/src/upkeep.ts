/** What the agent minds beside its flow: the room on its disk, what that did not take, and the memory that it may have lost. */
import { type Clock, type Log, toFault } from '@pier/shared/core';
import type { Tell } from './guest.ts';
import type { Outputs } from './outputs/index.ts';
import type { Store } from './store/index.ts';

const lookMs = { well: 30_000, full: 5_000 } as const;
export type UpkeepDeps = { readonly store: Store; readonly outputs: Outputs; readonly clock: Clock; readonly log: Log; readonly tell: Tell };

/** Looks at the disk again and again until disposed; what changed is told as soon as there is room to write it down. */
export function watchDisk({ store, outputs, clock, log, tell }: UpkeepDeps): Disposable {
  let timer: Disposable | undefined;
  let isOver = false;
  let isLooking = false;
  let untold = false;
  const look = async (): Promise<void> => {
    const changed = await store.disk.look();
    await outputs.catchUp();
    if (isOver || !(changed || untold)) return;
    const { full } = store.disk;
    if (changed) log[full ? 'error' : 'info']({ ...full }, full ? 'disk.full' : 'disk.back');
    tell.changed();
    untold = true;
    tell.event({ type: full ? 'disk.full' : 'disk.back', ...full });
    untold = false;
  };
  const again = async (): Promise<void> => {
    // Two at once would both fill the reserve; the end of the first says when the next is due.
    if (isLooking) return;
    isLooking = true;
    try {
      await look();
    } catch (cause) {
      log.error({ reason: toFault(cause).message }, 'disk.not-looked-at');
    }
    isLooking = false;
    timer?.[Symbol.dispose]();
    if (!isOver) timer = clock.after(store.disk.full || untold ? lookMs.full : lookMs.well, () => void again());
  };
  void again();
  // Not at once: it is called from within a write.
  store.disk.onFull(() => {
    if (isOver) return;
    timer?.[Symbol.dispose]();
    timer = clock.after(0, () => void again());
  });
  return {
    [Symbol.dispose]: () => {
      isOver = true;
      timer?.[Symbol.dispose]();
    },
  };
}

/** Tells the manager that the database was begun anew: once, and together with the note that it was. */
export function tellLoss({ store, log, tell }: Pick<UpkeepDeps, 'store' | 'log' | 'tell'>): void {
  const lost = store.settings.get('lost');
  if (!lost || lost.told) return;
  log.error({ reason: lost.reason }, 'state.lost');
  try {
    store.transaction(() => {
      tell.event({ type: 'state.lost', code: 'storage-failed', reason: lost.reason });
      store.settings.set('lost', { ...lost, told: true });
    });
  } catch (cause) {
    log.error({ reason: toFault(cause).message }, 'state.loss-not-told');
  }
}
