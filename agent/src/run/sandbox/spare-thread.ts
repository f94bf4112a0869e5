import { Worker } from 'node:worker_threads';
import type { Clock } from '@pier/shared/core';

export const heapMbMax = 64;

/** The thread's program. In the device bundle, which is one folder of modules, it lies beside the one that this is in. */
const entry = new URL(import.meta.url.endsWith('.ts') ? './guest/worker.ts' : './guest.mjs', import.meta.url);

/** A thread for one guest. It has nothing of anybody until that guest's data is posted to it. */
export function startThread(): Worker {
  // No environment, no arguments and no flags of the agent's process reach the thread.
  const worker = new Worker(entry, { env: {}, argv: [], execArgv: [], stdout: true, stderr: true, resourceLimits: { maxOldGenerationSizeMb: heapMbMax } });
  // One that cannot start before it has a guest is nobody's failure yet; the next one, which has, tells it.
  worker.on('error', () => {});
  return worker;
}

/** As long as verification, the disk and the end of a guest before may take. */
const unusedMs = 10_000;

type Spare = { readonly worker: Worker; readonly timer: Disposable; readonly forget: () => void };

/**
 * One thread that starts while all else that a guest needs is made ready. It serves one guest only, and is ended when none comes:
 * kept for good, it would cost as much memory as a guest.
 */
export class SpareThread {
  readonly #clock: Clock;
  #spare: Spare | undefined;

  /** `started`: a thread that waits already. */
  constructor(clock: Clock, started?: Worker) {
    this.#clock = clock;
    if (started) this.#keep(started);
  }

  warmUp(): void {
    if (!this.#spare) this.#keep(startThread());
  }

  /** The thread that was started ahead, or a new one; it is the caller's from now on. */
  take(): Worker {
    const worker = this.#release() ?? startThread();
    worker.ref();
    return worker;
  }

  #keep(worker: Worker): void {
    if (hasEnded(worker)) return;
    // A thread that nobody has asked for keeps no process.
    worker.unref();
    const forget = (): void => void this.#release();
    worker.once('exit', forget);
    const timer = this.#clock.after(unusedMs, () => {
      this.#release();
      void worker.terminate();
    });
    this.#spare = { worker, timer, forget };
  }

  #release(): Worker | undefined {
    if (!this.#spare) return undefined;
    const { worker, timer, forget } = this.#spare;
    this.#spare = undefined;
    timer[Symbol.dispose]();
    worker.off('exit', forget);
    return worker;
  }
}

/** See node:worker_threads, `worker.threadId`. */
function hasEnded(worker: Worker): boolean {
  return worker.threadId === -1;
}
