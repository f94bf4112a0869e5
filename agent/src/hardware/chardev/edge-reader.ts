import { readSync } from 'node:fs';
import { Fault } from '@pier/shared/core';
import type { Edge } from '@pier/shared/hardware';
import { type LineEvent, decodeEvents, eventBytes } from './codec.ts';
import { type Counted, countEvent } from './plan.ts';
import type { Pollers } from './pollers.ts';

const eventsPerRead = 64;
/** Reads in one turn before others get theirs. */
const readsMax = 8;

type Deps = {
  readonly lineFd: number;
  readonly pollers: Pollers;
  /** Called when the descriptor gives no events any more. */
  readonly onFailed: () => void;
};

/** Reads the edges of one line from its descriptor, which does not block. */
export class EdgeReader {
  readonly #deps: Deps;
  readonly #buffer = Buffer.alloc(eventBytes * eventsPerRead);
  #counted: Counted = { seq: 0, lineSeq: 0 };
  #wait: Disposable | undefined;
  #isReading = false;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Hands over what comes once `begin` has made the kernel watch, until stopped. Faults: `conflict` while it reads already, and those of `begin`. */
  async start(onEdge: (edge: Edge) => void, begin: () => void): Promise<void> {
    if (this.#isReading) throw new Fault('conflict', 'this line is watched already');
    this.#isReading = true;
    try {
      // What a watch before has left over belongs to nobody, but counts.
      for (let events = this.#read(); events.length > 0; events = this.#read()) this.#counted = { seq: 0, lineSeq: events.at(-1)?.lineSeq ?? 0 };
      this.#counted = { seq: 0, lineSeq: this.#counted.lineSeq };
      begin();
      const wait = await this.#deps.pollers.watch(this.#deps.lineFd, (error, again) => this.#wake(error, { onEdge, again }));
      // Released while the poller was loaded.
      if (!this.#isReading) wait[Symbol.dispose]();
      else this.#wait = wait;
    } catch (thrown) {
      this.#isReading = false;
      throw thrown;
    }
  }

  stop(): void {
    this.#isReading = false;
    this.#wait?.[Symbol.dispose]();
    this.#wait = undefined;
  }

  #wake(error: Error | null, { onEdge, again }: { readonly onEdge: (edge: Edge) => void; readonly again: () => void }): void {
    for (let reads = 0; reads < readsMax && this.#isReading; reads += 1) {
      const events = this.#read();
      for (const event of events) {
        const { edge, counted } = countEvent(event, this.#counted);
        this.#counted = counted;
        if (this.#isReading) onEdge(edge);
      }
      if (events.length < eventsPerRead) break;
    }
    if (!this.#isReading) return;
    if (error === null) return again();
    this.stop();
    this.#deps.onFailed();
  }

  #read(): LineEvent[] {
    try {
      return decodeEvents(this.#buffer.subarray(0, readSync(this.#deps.lineFd, this.#buffer)));
    } catch {
      // EAGAIN: nothing there now. Anything else the poller tells, with the chip's own answer.
      return [];
    }
  }
}
