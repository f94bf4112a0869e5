import { readFileSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { type Clock, type Label, type Log, toFault } from '@pier/shared/core';
import type { Line } from '@pier/shared/hardware';
import type { Guest, GuestEnd, GuestEvents, GuestStats } from './runner.ts';
import type { SerialLink } from './serial-link.ts';
import { heapMbMax } from './spare-thread.ts';
import { type ThreadData, type ThreadMessage, control, wakeGuest } from './thread.ts';

const pageBytes = 65_536;

/** How often the pulse of a guest is felt. */
const pulseEveryMs = 250;

type Surroundings = { readonly events: GuestEvents; readonly lines: ReadonlyMap<Label, Line>; readonly serial: ReadonlyMap<Label, SerialLink>; readonly watchdogS: number; readonly clock: Clock; readonly log: Log };

/** One guest in one worker thread, seen from the agent's. */
export class WorkerGuest implements Guest {
  readonly ended: Promise<GuestEnd>;
  readonly started: Promise<void>;
  readonly base: boolean;
  readonly #worker: Worker;
  readonly #words: Int32Array;
  readonly #on: Surroundings;
  readonly #startedBy = Promise.withResolvers<void>();
  #end: GuestEnd | undefined;
  #stopping = false;
  #tid: number | undefined;
  #stats: GuestStats = { cpuMs: 0, memoryBytes: 0, outputBytes: 0, outputDroppedBytes: 0 };

  /** The thread has served nobody, and serves nobody else. */
  constructor(worker: Worker, data: ThreadData, on: Surroundings) {
    this.#on = on;
    this.base = data.base;
    this.#words = new Int32Array(data.control);
    this.started = this.#startedBy.promise;
    this.#worker = worker;
    this.#worker.on('message', (message: ThreadMessage) => this.#heed(message));
    this.#worker.on('error', (error) => this.#failed(error));
    const watchdog = this.#watch();
    this.ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        watchdog[Symbol.dispose]();
        this.#startedBy.resolve();
        resolve(this.#verdict());
      });
    });
    worker.postMessage(data);
  }

  async stop(graceMs: number): Promise<GuestEnd> {
    this.#stopping = true;
    Atomics.store(this.#words, control.stop, 1);
    Atomics.notify(this.#words, control.stop);
    wakeGuest(this.#words);
    const over = Promise.withResolvers<void>();
    using grace = this.#on.clock.after(graceMs, () => over.resolve());
    await Promise.race([this.ended, over.promise]);
    await this.#worker.terminate();
    void grace;
    return this.ended;
  }

  stats(): GuestStats {
    if (this.#tid !== undefined && this.#end === undefined) this.#stats = { ...this.#stats, cpuMs: cpuMsOf(this.#tid) ?? this.#stats.cpuMs };
    return { ...this.#stats, memoryBytes: Atomics.load(this.#words, control.pages) * pageBytes };
  }

  /** Ends the thread without asking: for a start that was given up. */
  async kill(): Promise<void> {
    this.#stopping = true;
    await this.#worker.terminate();
  }

  /** Ends a guest that keeps its thread busy without a call to the host: nothing else would ever notice an endless loop. */
  #watch(): Disposable {
    const { clock, watchdogS } = this.#on;
    let seen = { pulse: -1, atMs: clock.monotonicMs() };
    return clock.every(pulseEveryMs, () => {
      const pulse = Atomics.load(this.#words, control.pulse);
      const nowMs = clock.monotonicMs();
      const isInHost = (pulse & 1) === 1;
      if (this.#tid === undefined || pulse !== seen.pulse || isInHost) seen = { pulse, atMs: nowMs };
      else if (nowMs - seen.atMs > watchdogS * 1_000 && this.#end === undefined) {
        this.#end = { kind: 'limit', limit: 'watchdog', reason: `no call to the host and no sleep for ${watchdogS} s` };
        void this.#worker.terminate();
      }
    });
  }

  #heed(message: ThreadMessage): void {
    const { events } = this.#on;
    switch (message.kind) {
      case 'started':
        this.#tid = message.tid;
        return this.#startedBy.resolve();
      case 'first-host-call':
        return events.onFirstHostCall?.(message.tNs);
      case 'ready':
        return events.onReady();
      case 'beat':
        return events.onBeat();
      case 'failing':
        return events.onFailing(message.reason);
      case 'output':
        this.#stats = { ...this.#stats, outputBytes: this.#stats.outputBytes + message.bytes.byteLength, outputDroppedBytes: this.#stats.outputDroppedBytes + message.dropped };
        return events.onOutput(message.stream, message.bytes, message.dropped);
      case 'telemetry':
        return events.onTelemetry?.(message.samples, message.dropped);
      case 'serial':
        return labelled(this.#on.serial, message.label)?.heed();
      case 'release':
        return this.#release(message.label);
      case 'end':
        this.stats();
        this.#end = message.end;
    }
  }

  #release(label: string): void {
    const line = labelled(this.#on.lines, label);
    line?.drive('input', AbortSignal.timeout(2_000)).catch((error: unknown) => this.#on.log.warn({ label, fault: toFault(error).message }, 'guest.release-failed'));
  }

  /** An exception outside the guest's own code: the thread's heap is full, or Pier made a mistake. */
  #failed(error: unknown): void {
    const isHeap = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    this.#end ??= isHeap ? { kind: 'limit', limit: 'memory', reason: `the host functions of the guest needed more than ${heapMbMax} MiB` } : { kind: 'trapped', reason: `the sandbox failed: ${toFault(error).message}` };
    if (!isHeap) this.#on.log.error({ fault: toFault(error).message }, 'guest.sandbox-failed');
  }

  #verdict(): GuestEnd {
    if (this.#stopping && this.#end?.kind !== 'trapped') return { kind: 'stopped' };
    return this.#end ?? { kind: 'trapped', reason: 'the thread of the guest ended without a word' };
  }
}

function labelled<T>(among: ReadonlyMap<Label, T>, label: string): T | undefined {
  return [...among].find(([name]) => name === label)?.[1];
}

/** CPU time of one of this process's threads; undefined when it is gone. See proc_pid_schedstat(5). */
function cpuMsOf(tid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/self/task/${tid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    // The thread has just ended.
    return undefined;
  }
}
