import { type Digest, type Log, toFault } from '@pier/shared/core';
import type { Store } from '../store/index.ts';

/** Lets go of releases that no app runs, wants or could return to, never while one is being fetched: its blobs have no owner yet. */
export class Pruner {
  readonly #store: Store;
  readonly #log: Log;
  #fetching = 0;
  #pruning: Promise<void> = Promise.resolve();

  constructor(deps: { store: Store; log: Log }) {
    this.#store = deps.store;
    this.#log = deps.log;
  }

  /** Runs `act` while nothing is removed. */
  async whileFetching<T>(act: () => Promise<T>): Promise<T> {
    for (let seen: unknown; seen !== this.#pruning; ) {
      seen = this.#pruning;
      await this.#pruning;
    }
    this.#fetching += 1;
    try {
      return await act();
    } finally {
      this.#fetching -= 1;
    }
  }

  prune(): void {
    if (this.#fetching > 0) return;
    this.#pruning = this.#pruning.then(() => this.#pruneNow());
  }

  async idle(): Promise<void> {
    await this.#pruning;
  }

  async #pruneNow(): Promise<void> {
    if (this.#fetching > 0) return;
    const needed = new Set<Digest>();
    for (const { current, wanted, lastGood, previousGood, progress, hold } of this.#store.apps.all().values()) {
      const deployed = hold?.kind === 'deployed' ? hold.digest : undefined;
      for (const digest of [current, wanted?.digest, lastGood?.digest, previousGood?.digest, progress?.digest, deployed]) if (digest) needed.add(digest);
    }
    try {
      const removed = await this.#store.blobs.prune(this.#store.releases.keepOnly(needed));
      if (removed > 0) this.#log.info({ removed }, 'store.pruned');
    } catch (cause) {
      this.#log.warn({ reason: toFault(cause).message }, 'store.prune-failed');
    }
  }
}
