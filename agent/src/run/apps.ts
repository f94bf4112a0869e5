import { type AppName, type Clock, type Digest, Fault, type KeyId, type Log, type Random, toFault } from '@pier/shared/core';
import type { Desired } from '@pier/shared/wire';
import type { Verifier } from '../artifact.ts';
import type { Alive, HeldLine, Tell } from '../guest.ts';
import type { Store } from '../store/index.ts';
import type { BoardKeeper } from './board.ts';
import { LinePark, createLeases } from './lines.ts';
import { type Perform, type PerformDeps, type Performed, createPerform, probationFailed, proven } from './perform.ts';
import { type Step, plan } from './plan.ts';
import { Pruner } from './pruner.ts';
import type { Runner } from './sandbox/index.ts';
import { Slot } from './slot.ts';
import { Supervisor } from './supervisor.ts';

const retryMs = 5_000;

export type AppsDeps = { readonly store: Store; readonly verifier: Verifier; readonly runner: Runner; readonly board: BoardKeeper; readonly clock: Clock; readonly random: Random; readonly log: Log; readonly tell: Tell };
type Turn = (app: AppName, signal: AbortSignal) => Promise<void>;

/** The apps of this device, each brought to what is wanted of it by a loop of its own: a slow or sick one holds up no other. */
export class Apps implements AsyncDisposable {
  readonly #deps: AppsDeps;
  readonly #performDeps: PerformDeps;
  readonly #perform: Perform;
  readonly #pruner: Pruner;
  readonly #park = new LinePark();
  readonly #slots = new Map<AppName, Slot>();
  readonly #loops = new Set<Promise<void>>();
  #startLoop: ((slot: Slot) => void) | undefined;

  constructor(deps: AppsDeps) {
    this.#deps = deps;
    this.#pruner = new Pruner(deps);
    this.#performDeps = { ...deps, leases: createLeases(), pruner: this.#pruner, profile: () => deps.board.now().profile };
    this.#perform = createPerform(this.#performDeps);
    deps.board.onGone(() => {
      for (const slot of this.#slots.values()) slot.supervisor.fail(new Fault('board-gone', 'the board does not answer any more'));
    });
  }

  /** Takes over a desired document that was accepted; durable when it returns. */
  want(desired: Desired, { hash, signedBy }: { readonly hash: Digest; readonly signedBy: readonly KeyId[] }): void {
    const { store } = this.#deps;
    const wanted = new Map(Object.entries(desired.apps) as [AppName, Desired['apps'][AppName]][]);
    store.transaction(() => {
      for (const app of new Set([...store.apps.all().keys(), ...wanted.keys()])) {
        const one = wanted.get(app);
        this.#slotOf(app).update({ wanted: one ? { ...one, rev: desired.rev } : null });
      }
      const revs = { ...store.settings.get('desired')?.revs, ...Object.fromEntries(signedBy.map((key) => [key, desired.rev])) };
      store.settings.set('desired', { rev: desired.rev, hash, policy: desired.policy, revs });
      store.settings.remove('desiredRefused');
    });
    for (const slot of this.#slots.values()) {
      const { wanted: now, progress } = slot.record;
      if (now?.attempt !== progress?.attempt || now?.digest !== progress?.digest) slot.interrupt('a newer desired document came');
      slot.wake.kick();
    }
  }

  /** The steps that this app needs now. Faults: `board-gone`, since without a board nothing can be granted. */
  plan(app: AppName): readonly Step[] {
    const slot = this.#slotOf(app);
    return plan(slot.goal(), slot.actual(this.#deps.board.now().profile), slot.record.held);
  }

  perform(app: AppName, step: Step, signal: AbortSignal): Promise<Performed> {
    // The row of the table fits the step by its key, which TypeScript does not follow through a union.
    const run = this.#perform[step.do] as (step: Step, slot: Slot, signal: AbortSignal) => Promise<Performed>;
    return run(step, this.#slotOf(app), signal);
  }

  /** Runs a loop for every app until the signal fires; `turn` is called whenever there may be something to do. */
  async run(turn: Turn, signal: AbortSignal): Promise<void> {
    this.#startLoop = (slot) => {
      const loop: Promise<void> = this.#loop(slot, turn, signal).finally(() => this.#loops.delete(loop));
      this.#loops.add(loop);
    };
    for (const slot of this.#slots.values()) this.#startLoop(slot);
    for (const app of this.#deps.store.apps.all().keys()) this.#slotOf(app).wake.kick();
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    this.#startLoop = undefined;
    await Promise.all(this.#loops);
  }

  /** Stops an app until `start` or a new attempt. Faults: `app-unknown`. */
  async hold(app: AppName, signal: AbortSignal): Promise<void> {
    await this.#byHand(app, signal, async (slot) => {
      slot.update({ held: true });
      await slot.supervisor.stop();
    });
  }

  /** Starts a held app; resolves when its guest runs. Faults: `app-unknown`, `conflict` when it has no release or cannot start. */
  async start(app: AppName, signal: AbortSignal): Promise<void> {
    await this.#byHand(app, signal, async (slot, turn) => {
      slot.update({ held: false });
      if (!slot.supervisor.program) await this.#startNow(slot, turn);
    });
  }

  /** Stops and starts an app. Faults: as `start`. */
  async restart(app: AppName, signal: AbortSignal): Promise<void> {
    await this.#byHand(app, signal, async (slot, turn) => {
      slot.update({ held: false });
      await slot.supervisor.stop();
      await this.#startNow(slot, turn);
    });
  }

  alive(app: AppName): Alive | undefined {
    const alive = this.#slots.get(app)?.supervisor.alive;
    if (!alive) return undefined;
    const { digest, version, counter } = alive.program.artifact;
    return { digest, version, counter, restarts: alive.restarts, sinceMs: alive.sinceMs };
  }

  /** Every open line of every guest. */
  lines(): readonly { readonly app: AppName; readonly held: HeldLine }[] {
    return [...this.#slots.values()].flatMap((slot) => slot.supervisor.lines.map((held) => ({ app: slot.app, held })));
  }

  /** Stops every guest; outputs are safe when it resolves. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const slot of this.#slots.values()) slot.interrupt('the agent stops');
    await Promise.all([...this.#slots.values()].map((slot) => slot.supervisor.stop()));
    await this.#park[Symbol.asyncDispose]();
    await this.#pruner.idle();
  }

  async #byHand(app: AppName, signal: AbortSignal, act: (slot: Slot, turn: AbortSignal) => Promise<void>): Promise<void> {
    const record = this.#deps.store.apps.get(app);
    if (!record?.wanted) throw new Fault('app-unknown', `this device has no app "${app}"`);
    const slot = this.#slotOf(app);
    slot.interrupt('a command came');
    try {
      await slot.alone((turn) => act(slot, turn), signal);
    } finally {
      slot.wake.kick();
    }
  }

  async #startNow(slot: Slot, signal: AbortSignal): Promise<void> {
    const { current, progress } = slot.record;
    if (current === null) throw new Fault('conflict', `app "${slot.app}" has no release on this device yet`);
    await this.#perform.start({ do: 'start', digest: current, soaking: progress?.state === 'soaking' && progress.digest === current }, slot, signal);
    if (!slot.supervisor.alive) throw new Fault('conflict', slot.record.progress?.reason?.reason ?? `app "${slot.app}" could not be started; it is tried again`);
  }

  #slotOf(app: AppName): Slot {
    const known = this.#slots.get(app);
    if (known) return known;
    const { runner, board, clock, log, store, tell } = this.#deps;
    const supervisor = new Supervisor({
      app,
      runner,
      board: () => board.now(),
      leases: this.#performDeps.leases,
      park: this.#park,
      clock,
      log,
      onUnsafe: (fault) => slot.event('safe-state', { code: fault.code, reason: fault.message }),
      events: {
        onProven: () => proven(slot, this.#performDeps),
        onFailed: (fault) => {
          probationFailed(slot, fault, this.#performDeps);
          slot.wake.kick();
        },
        onEnded: (fault, waitMs) => {
          log.warn({ app, code: fault.code, reason: fault.message, waitMs }, 'guest.ended');
          slot.event(fault.code === 'guest-exited' ? 'app.exited' : 'app.trapped', { code: fault.code, reason: fault.message });
        },
        onChange: () => tell.changed(),
      },
    });
    const slot = new Slot({ app, supervisor, store, tell });
    this.#slots.set(app, slot);
    this.#startLoop?.(slot);
    return slot;
  }

  async #loop(slot: Slot, turn: Turn, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await slot.wake.next(signal);
        await this.#deps.board.ready(signal);
        await slot.alone((inner) => turn(slot.app, inner), signal);
      } catch (cause) {
        if (signal.aborted) return;
        const fault = toFault(cause);
        if (fault.code !== 'interrupted') await this.#rest(slot, fault, signal);
        slot.wake.kick();
      }
    }
  }

  /** A turn that failed for no reason of the app's (a full disk, a board that is away) is tried again after a while. */
  async #rest(slot: Slot, fault: Fault, signal: AbortSignal): Promise<void> {
    this.#deps.log.error({ app: slot.app, code: fault.code, reason: fault.message, cause: fault.cause instanceof Error ? fault.cause.stack : undefined }, 'app.turn-failed');
    await this.#deps.clock.sleep(retryMs, signal).catch(() => {
      // The signal ends the wait; the loop's condition ends the loop.
    });
  }
}
