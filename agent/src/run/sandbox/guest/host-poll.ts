import { control } from '../thread.ts';
import { Handles } from './handles.ts';
import { HostFailure } from './host-app.ts';
import type { GuestMemory } from './memory.ts';

const pollablesMax = 256;
const waitMsMax = 1 << 30;

/** Something that a guest can wait for. One whose object was closed is ready, so that nobody waits for it in vain. */
export type Pollable = {
  readonly isReady: () => boolean;
  /** How many nanoseconds from now time alone may make it ready; undefined when only the agent can. */
  readonly inNs?: () => bigint | undefined;
};

/** The pollables of one guest, whichever module gave them. */
export class Pollables {
  readonly #held = new Handles<Pollable>('pollable');

  /** Fails with `other` when the guest holds too many. */
  add(pollable: Pollable): number {
    if (this.#held.size >= pollablesMax) throw new HostFailure('other', `${pollablesMax} pollables are held; one has to be dropped first`);
    return this.#held.add(pollable);
  }

  get(number: number): Pollable {
    return this.#held.get(number);
  }

  drop(number: number): void {
    this.#held.remove(number);
  }
}

export type PollHostDeps = {
  readonly memory: GuestMemory;
  readonly control: Int32Array;
  readonly pollables: Pollables;
  readonly monotonicNs: () => bigint;
  /** Called before each sleep; says in how many milliseconds it wants to be called again. */
  readonly beforeSleep: () => number;
};

/**
 * `pier_poll`: one wait for many things. The agent raises the word `wake` after each change; the guest's thread reads it, looks at
 * everything, and sleeps only while the word is still the same: so it neither spins nor misses a change.
 */
export function pollFunctions(deps: PollHostDeps) {
  const { memory, pollables } = deps;
  const sleep = makeSleep(deps);
  return {
    wait: (listPointer: number, count: number, timeoutNs: bigint, outPointer: number): number => {
      const size = count >>> 0;
      if (size > pollablesMax) throw new HostFailure('bad-argument', `${size} pollables; at most ${pollablesMax} are waited for at once`);
      memory.bytes(outPointer, size * 4);
      memory.bytes(listPointer, size * 4);
      const list = Array.from({ length: size }, (_, index) => pollables.get(memory.view.getUint32((listPointer >>> 0) + index * 4, true)));
      const ready = sleep(list, timeoutNs);
      for (const [place, index] of ready.entries()) memory.setU32((outPointer >>> 0) + place * 4, index);
      return ready.length;
    },
    ready: (pollable: number): number => (pollables.get(pollable).isReady() ? 1 : 0),
    drop: (pollable: number): number => {
      pollables.drop(pollable);
      return 0;
    },
  };
}

/** Returns the indices of those that are ready; none when time is up or when the stop is asked for, which is told once. */
function makeSleep({ control: words, monotonicNs, beforeSleep }: PollHostDeps): (list: readonly Pollable[], timeoutNs: bigint) => number[] {
  let isStopTold = false;
  return (list, timeoutNs) => {
    const startNs = monotonicNs();
    for (;;) {
      const seen = Atomics.load(words, control.wake);
      const ready = [...list.keys()].filter((index) => list[index]?.isReady());
      if (ready.length > 0) return ready;
      if (!isStopTold && Atomics.load(words, control.stop) !== 0) {
        isStopTold = true;
        return [];
      }
      const leftNs = timeoutNs < 0n ? undefined : startNs + timeoutNs - monotonicNs();
      if (leftNs !== undefined && leftNs <= 0n) return [];
      const waits = [leftNs, ...list.map((one) => one.inNs?.())].map((ns) => (ns === undefined ? waitMsMax : Number(ns) / 1e6));
      Atomics.wait(words, control.wake, seen, Math.min(...waits, beforeSleep(), waitMsMax));
    }
  };
}
