import { type Clock, type Log, toFault } from '@pier/shared/core';
import type { Order } from '@pier/shared/wire';
import { type OutboxEntry, type Store, isDamage } from '../store/index.ts';
import { Wake } from '../wake.ts';

const againFirstMs = 10_000;
const againMaxMs = 300_000;

export type Publish = (topic: string, body: object, qos: 0 | 1) => Promise<void>;

type Tries = { count: number; nextMs: number };

/** Sends what the outbox holds, and again (10 s, doubling to 5 minutes) until the manager says that it has committed it. */
export class Sender {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #wake = new Wake();
  #tries = new Map<number, Tries>();

  constructor(deps: { store: Store; clock: Clock; log: Log }) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#log = deps.log;
  }

  /** Something new waits. */
  kick(): void {
    this.#wake.kick();
  }

  acked(order: Order): void {
    if (this.#store.outbox.acked(order)) this.#wake.kick();
  }

  /** Sends over one session until it is lost; at its start everything is due. */
  async run(publish: Publish, signal: AbortSignal): Promise<void> {
    this.#tries = new Map();
    while (!signal.aborted) {
      await this.#round(publish, signal);
      if (signal.aborted) return;
      await this.#wake.next(signal, { clock: this.#clock, timeoutMs: this.#untilNextMs() }).catch(() => {
        // The signal ends the wait, and with it the loop.
      });
    }
  }

  /** All that is due, what matters most first; begins anew when something was put in meanwhile, since that may matter more. */
  async #round(publish: Publish, signal: AbortSignal): Promise<void> {
    const waiting = this.#store.outbox.waiting();
    this.#forgetGone(waiting);
    for (const id of waiting) {
      if (signal.aborted || this.#wake.isKicked) return;
      if (this.#isDue(id)) await this.#send(id, publish);
    }
  }

  async #send(id: number, publish: Publish): Promise<void> {
    const entry = this.#read(id);
    const count = this.#tries.get(id)?.count ?? 0;
    this.#tries.set(id, { count: count + 1, nextMs: this.#clock.monotonicMs() + Math.min(againMaxMs, againFirstMs * 2 ** count) });
    if (!entry) return;
    try {
      await publish(entry.topic, { ...entry.body, ...entry.order }, 1);
    } catch (cause) {
      this.#log.debug({ topic: entry.topic, reason: toFault(cause).message }, 'report.not-sent');
    }
  }

  /** A row that a disk has damaged holds up no other, and no place. */
  #read(id: number): OutboxEntry | undefined {
    const { outbox } = this.#store;
    try {
      return outbox.get(id);
    } catch (cause) {
      const fault = toFault(cause);
      // Said once in a session of each, since it may come back for want of room to delete it.
      if (!this.#tries.has(id)) this.#log.error({ id, reason: fault.message }, 'outbox.unreadable');
      if (isDamage(fault)) this.#remove(id);
      return undefined;
    }
  }

  #remove(id: number): void {
    try {
      this.#store.outbox.remove(id);
    } catch (cause) {
      this.#log.debug({ id, reason: toFault(cause).message }, 'outbox.not-removed');
    }
  }

  #isDue(id: number): boolean {
    const tries = this.#tries.get(id);
    return tries === undefined || tries.nextMs <= this.#clock.monotonicMs();
  }

  #untilNextMs(): number {
    const next = Math.min(...[...this.#tries.values()].map((tries) => tries.nextMs), this.#clock.monotonicMs() + againMaxMs);
    return Math.max(10, next - this.#clock.monotonicMs());
  }

  #forgetGone(waiting: readonly number[]): void {
    const ids = new Set(waiting);
    for (const id of this.#tries.keys()) if (!ids.has(id)) this.#tries.delete(id);
  }
}
