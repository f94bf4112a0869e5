import { type AppName, Fault } from '@pier/shared/core';
import type { BoardProfile } from '@pier/shared/hardware';
import type { AttemptState, Reason } from '@pier/shared/wire';
import type { AppRecord, Store } from '../store/index.ts';
import type { Actual, Goal } from './plan.ts';
import { type Program, grantFor, grantHashOf } from './program.ts';
import type { Supervisor } from './supervisor.ts';
import type { Tell } from '../guest.ts';
import { Wake } from '../wake.ts';

const nothing: AppRecord = { wanted: null, progress: null, current: null, lastGood: null, held: false };

/** One app: its record in the store, its guest, and the loop that brings the one to the other. */
export class Slot {
  readonly app: AppName;
  readonly supervisor: Supervisor;
  readonly wake = new Wake();
  /** Fetched, verified and granted, waiting for its start; lost with the process, and then made again. */
  prepared: Program | undefined;
  readonly #store: Store;
  readonly #tell: Tell;
  #turn = new AbortController();
  #queue: Promise<unknown> = Promise.resolve();

  constructor({ app, supervisor, store, tell }: { app: AppName; supervisor: Supervisor; store: Store; tell: Tell }) {
    this.app = app;
    this.supervisor = supervisor;
    this.#store = store;
    this.#tell = tell;
  }

  get record(): AppRecord {
    return this.#store.apps.get(this.app) ?? nothing;
  }

  /** Changes the record durably, then reports. */
  update(change: Partial<AppRecord>): void {
    this.#store.apps.set(this.app, { ...this.record, ...change });
    this.#tell.changed();
  }

  /** The attempt is in another state; without a record of an attempt there is nothing to move. */
  move(state: AttemptState, reason?: Reason): void {
    const { progress } = this.record;
    if (progress === null) return;
    const { reason: _old, ...rest } = progress;
    this.update({ progress: { ...rest, state, ...(reason ? { reason } : {}) } });
  }

  /** The attempt ends badly: durable state and event together. */
  end(state: 'failed' | 'refused', reason: Reason, change: Partial<AppRecord> = {}): void {
    const { progress } = this.record;
    this.#store.transaction(() => {
      if (progress !== null) this.update({ ...change, progress: { ...progress, state, reason: short(reason) } });
      this.event(state === 'refused' ? 'artifact.refused' : 'app.failed', reason);
    });
  }

  event(type: string, reason: Reason): void {
    const { progress } = this.record;
    const about = progress === null ? {} : { digest: progress.digest, attempt: progress.attempt };
    this.#tell.event({ type, app: this.app, ...about, ...short(reason) });
  }

  /** Aborts what waits in the turn that runs now, so that newer facts are looked at. */
  interrupt(why: string): void {
    this.#turn.abort(new Fault('interrupted', why));
  }

  /** Runs alone for this app: turns and commands never overlap. */
  async alone<T>(act: (turn: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const before = this.#queue;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#queue = promise;
    await before;
    try {
      signal.throwIfAborted();
      this.#turn = new AbortController();
      return await act(AbortSignal.any([this.#turn.signal, signal]));
    } finally {
      resolve();
    }
  }

  goal(): Goal | undefined {
    const { wanted } = this.record;
    return wanted === null ? undefined : { digest: wanted.digest, attempt: wanted.attempt, rev: wanted.rev };
  }

  actual(profile: BoardProfile): Actual {
    const { progress, current, lastGood, wanted } = this.record;
    const program = this.supervisor.program;
    const granted = program && wanted ? grantFor(program.artifact, wanted.bindings, profile) : undefined;
    const same = granted === undefined || (granted.ok && grantHashOf(granted.value) === program?.grantHash);
    return {
      progress: progress ?? undefined,
      current: current ?? undefined,
      running: program && { digest: program.artifact.digest, consent: same ? 'same' : 'changed' },
      lastGood: lastGood?.digest,
    };
  }
}

const reasonCharactersMax = 1_000;

export function short({ code, reason }: Reason): Reason {
  return { code, reason: reason.slice(0, reasonCharactersMax) };
}
