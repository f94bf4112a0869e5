import { type AppName, type Clock, Fault, type Log } from '@pier/shared/core';
import type { BoardProfile } from '@pier/shared/hardware';
import type { AttemptState, Reason } from '@pier/shared/wire';
import type { Happening, Tell } from '../guest.ts';
import type { AppRecord, Hold, Store } from '../store/index.ts';
import { Wake } from '../wake.ts';
import { HoldTimer } from './hold-timer.ts';
import type { Actual, Goal, HoldNow } from './plan.ts';
import { type Program, grantFor, grantHashOf } from './program.ts';
import type { Supervisor } from './supervisor.ts';
import { AppTrace } from './trace/index.ts';

const nothing: AppRecord = { wanted: null, progress: null, current: null, lastGood: null, previousGood: null, hold: null };

/** What an event says beside its type and its app. */
export type About = Pick<Happening, 'digest' | 'attempt' | 'code' | 'reason' | 'lastOutput' | 'safeMs'>;

/** One app: its record in the store, its guest, and the loop that brings the one to the other. */
export class Slot implements Disposable {
  readonly app: AppName;
  readonly supervisor: Supervisor;
  readonly trace: AppTrace;
  readonly holdTimer: HoldTimer;
  readonly wake = new Wake();
  /** Fetched, verified and granted, waiting for its start; lost with the process, and then made again. */
  prepared: Program | undefined;
  /** Why what was last deployed by hand failed. */
  lastFault: Fault | undefined;
  readonly #store: Store;
  readonly #tell: Tell;
  readonly #stack = new DisposableStack();
  #turn = new AbortController();
  #queue: Promise<unknown> = Promise.resolve();

  /** `supervise` makes the guest's keeper, which may call back into the slot. */
  constructor({ app, store, tell, clock, log, supervise }: { app: AppName; store: Store; tell: Tell; clock: Clock; log: Log; supervise: (slot: Slot) => Supervisor }) {
    this.app = app;
    this.#store = store;
    this.#tell = tell;
    this.trace = new AppTrace(clock);
    this.holdTimer = new HoldTimer({
      clock,
      log,
      hold: () => this.record.hold,
      save: (hold) => store.apps.set(app, { ...this.record, hold }),
      onOver: () => this.wake.kick(),
    });
    this.supervisor = supervise(this);
  }

  /** Counts no more, tells no more. */
  [Symbol.dispose](): void {
    this.holdTimer[Symbol.dispose]();
    this.#stack.dispose();
  }

  /** Something that lives as long as the slot. */
  onDispose(act: () => void): void {
    this.#stack.defer(act);
  }

  get record(): AppRecord {
    return this.#store.apps.get(this.app) ?? nothing;
  }

  /** Changes the record durably, then reports. */
  update(change: Partial<AppRecord>): void {
    this.#store.apps.set(this.app, { ...this.record, ...change });
    if (change.hold !== undefined) this.holdTimer.restart();
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
  end(state: 'failed' | 'refused', reason: Reason, also: { readonly change?: Partial<AppRecord>; readonly about?: About } = {}): void {
    const { progress } = this.record;
    this.#store.transaction(() => {
      if (progress !== null) this.update({ ...also.change, progress: { ...progress, state, reason: short(reason) } });
      this.event(state === 'refused' ? 'artifact.refused' : 'app.failed', { ...also.about, ...reason });
    });
  }

  /** Tells people; about the attempt, unless it is about another release. */
  event(type: Happening['type'], { digest, reason, ...about }: About): void {
    const { progress } = this.record;
    const attempt = progress === null ? {} : { digest: progress.digest, attempt: progress.attempt };
    const other = digest === undefined || digest === progress?.digest ? attempt : { digest };
    this.#tell.event({ type, app: this.app, ...other, ...defined(about), ...(reason === undefined ? {} : { reason: reason.slice(0, reasonCharactersMax) }) });
  }

  /** The hold by hand begins, in the place of another one if there is one. */
  hold(hold: Hold, reason: string): void {
    this.#store.transaction(() => {
      this.update({ hold });
      this.event('app.held', { reason, ...(hold.kind === 'deployed' ? { digest: hold.digest } : {}) });
    });
  }

  /** The hold by hand ends, if there is one, together with another change of the record. */
  release(about: About, change: Partial<AppRecord> = {}): void {
    const { hold } = this.record;
    this.#store.transaction(() => {
      this.update({ ...change, hold: null });
      if (hold) this.event('app.released', { ...(hold.kind === 'deployed' ? { digest: hold.digest } : {}), ...about });
    });
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

  holdNow(): HoldNow | undefined {
    const { hold } = this.record;
    if (hold === null) return undefined;
    return { attempt: hold.attempt, isOver: hold.leftMs <= 0, deployed: hold.kind === 'deployed' ? { digest: hold.digest, isProven: hold.isProven } : undefined };
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

/** Without the keys that have no value: an absent key and an undefined one are not the same to a schema. */
function defined<T extends object>(about: T): T {
  return Object.fromEntries(Object.entries(about).filter(([, value]) => value !== undefined)) as T;
}

export function short({ code, reason }: Reason): Reason {
  return { code, reason: reason.slice(0, reasonCharactersMax) };
}
