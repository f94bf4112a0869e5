import { type AppName, type Clock, type Digest, Fault, type FaultCode, type KeyId, type Log, type Random, toFault } from '@pier/shared/core';
import type { Desired } from '@pier/shared/wire';
import type { Verifier } from '../artifact.ts';
import type { Alive, Happening, HeldLine, LastEnd, Tell, Trace, Usage } from '../guest.ts';
import type { Outputs } from '../outputs/index.ts';
import type { Store, Wanted } from '../store/index.ts';
import type { BoardKeeper } from './board.ts';
import { type DeployOrder, type StopOrder, deployByHand, restartByHand, startByHand, stopByHand } from './by-hand.ts';
import { keepTelling } from './keep-telling.ts';
import { aboutOf, regressed, soaked, startFailed } from './outcome.ts';
import { type Perform, type PerformDeps, type Performed, createPerform } from './perform.ts';
import { type Step, plan } from './plan.ts';
import { Pruner } from './pruner.ts';
import { LinePark, PortNews, createLeases } from './resources/index.ts';
import type { Runner } from './sandbox/index.ts';
import { Slot } from './slot.ts';
import { Supervisor, type SupervisorEvents } from './supervisor.ts';

const retryMs = 5_000;

export type AppsDeps = { readonly store: Store; readonly verifier: Verifier; readonly runner: Runner; readonly board: BoardKeeper; readonly outputs: Outputs; readonly clock: Clock; readonly random: Random; readonly log: Log; readonly tell: Tell };
type Turn = (app: AppName, signal: AbortSignal) => Promise<void>;

/** How an end is called to people; ends that are not the guest's own are failures. */
const endTypes: Partial<Record<FaultCode, Happening['type']>> = { 'guest-exited': 'app.exited', 'guest-trapped': 'app.trapped', 'guest-limit': 'app.trapped', 'guest-unhealthy': 'app.trapped' };

/** The apps of this device, each brought to what is wanted of it by a loop of its own: a slow or sick one holds up no other. */
export class Apps implements AsyncDisposable {
  readonly #deps: AppsDeps;
  readonly #performDeps: PerformDeps;
  readonly #perform: Perform;
  readonly #pruner: Pruner;
  readonly #park: LinePark;
  readonly #slots = new Map<AppName, Slot>();
  readonly #loops = new Set<Promise<void>>();
  #startLoop: ((slot: Slot) => void) | undefined;

  constructor(deps: AppsDeps) {
    this.#deps = deps;
    this.#park = new LinePark(deps.outputs);
    this.#pruner = new Pruner(deps);
    this.#performDeps = { ...deps, leases: createLeases(), pruner: this.#pruner, changed: () => deps.tell.changed(), profile: () => deps.board.now().profile };
    this.#perform = createPerform(this.#performDeps);
    deps.board.onGone(() => {
      for (const slot of this.#slots.values()) slot.supervisor.fail(new Fault('board-gone', 'the board does not answer any more'));
    });
  }

  /** Takes over a desired document that was accepted; durable when it returns. */
  want(desired: Desired, { hash, signedBy }: { readonly hash: Digest; readonly signedBy: readonly KeyId[] }): void {
    const { store, log } = this.#deps;
    log.debug({ rev: desired.rev }, 'step.desired-judged');
    const wanted = new Map(Object.entries(desired.apps) as [AppName, Desired['apps'][AppName]][]);
    store.transaction(() => {
      for (const app of new Set([...store.apps.all().keys(), ...wanted.keys()])) {
        const one = wanted.get(app);
        this.#slotOf(app).update({ wanted: one ? { ...one, rev: desired.rev } : null });
      }
      const revs = { ...store.settings.get('desired')?.revs, ...Object.fromEntries(signedBy.map((key) => [key, desired.rev])) };
      store.settings.set('desired', { rev: desired.rev, hash, policy: desired.policy, revs });
      store.settings.remove('desiredRefused');
      // Commands that were signed before this document may have been done by a memory that was lost.
      const lost = store.settings.get('lost');
      if (lost?.floor === null) store.settings.set('lost', { ...lost, floor: desired.rev });
    });
    log.debug({ rev: desired.rev }, 'step.desired-stored');
    for (const slot of this.#slots.values()) {
      const { wanted: now, progress } = slot.record;
      if (now?.attempt !== progress?.attempt || now?.digest !== progress?.digest) slot.interrupt('a newer desired document came');
      slot.wake.kick();
    }
  }

  /** The steps that this app needs now. Faults: `board-gone`, since without a board nothing can be granted. */
  plan(app: AppName): readonly Step[] {
    const slot = this.#slotOf(app);
    const actual = slot.actual(this.#deps.board.now().profile);
    // A slot outlives its app: to forget that again would be told to the fleet with each document.
    if (!this.knows(app) && !actual.running) return [];
    return plan(slot.goal(), actual, slot.holdNow());
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
    for (const app of this.#deps.store.apps.all().keys()) {
      const slot = this.#slotOf(app);
      slot.holdTimer.restart();
      slot.wake.kick();
    }
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    this.#startLoop = undefined;
    await Promise.all(this.#loops);
  }

  /** Stops an app for a time, until `start` or a new attempt. Faults: `app-unknown`. */
  async stop(order: StopOrder, signal: AbortSignal): Promise<void> {
    await this.#byHand(order.app, signal, (slot, { wanted }) => stopByHand(slot, order, wanted));
  }

  /** Ends what a person ordered of an app; resolves when the guest of what is desired runs. Faults: `app-unknown`, `conflict` when it has no release or cannot start. */
  async start({ app, by }: { readonly app: AppName; readonly by: string }, signal: AbortSignal): Promise<void> {
    await this.#byHand(app, signal, async (slot, { turn }) => {
      this.#deps.runner.warmUp();
      await startByHand(slot, by, this.#perform, turn);
    });
  }

  /** Stops and starts an app. Faults: as `start`. */
  async restart({ app, by }: { readonly app: AppName; readonly by: string }, signal: AbortSignal): Promise<void> {
    await this.#byHand(app, signal, async (slot, { turn }) => {
      this.#deps.runner.warmUp();
      await restartByHand(slot, by, this.#perform, turn);
    });
  }

  /** Runs another release of an app for a time; resolves when its guest runs. Faults: `app-unknown`, and those of `deployByHand`. */
  async deploy(order: DeployOrder, signal: AbortSignal): Promise<void> {
    await this.#byHand(order.app, signal, (slot, on) => deployByHand(slot, order, { ...on, deps: this.#performDeps }));
    this.#pruner.prune();
  }

  /** Whether this device has the app. */
  knows(app: AppName): boolean {
    return this.#deps.store.apps.get(app) !== undefined;
  }

  alive(app: AppName): Alive | undefined {
    const alive = this.#slots.get(app)?.supervisor.alive;
    if (!alive) return undefined;
    const { digest, version, counter } = alive.program.artifact;
    return { digest, version, counter, restarts: alive.restarts, sinceMs: alive.sinceMs };
  }

  lastEnd(app: AppName): LastEnd | undefined {
    return this.#slots.get(app)?.supervisor.lastEnd;
  }

  /** What the guests that are alive have used. */
  usage(): Readonly<Record<AppName, Usage>> {
    return Object.fromEntries([...this.#slots.values()].flatMap(({ app, supervisor: { usage } }) => (usage ? [[app, usage]] : [])));
  }

  /** What an app has said lately; undefined for one that the device does not have. */
  trace(app: AppName): Trace | undefined {
    return this.knows(app) ? this.#slots.get(app)?.trace : undefined;
  }

  /** Every open line of every guest. */
  lines(): readonly { readonly app: AppName; readonly held: HeldLine }[] {
    return [...this.#slots.values()].flatMap((slot) => slot.supervisor.lines.map((held) => ({ app: slot.app, held })));
  }

  /** Stops every guest; outputs are safe when it resolves. */
  async [Symbol.asyncDispose](): Promise<void> {
    const slots = [...this.#slots.values()];
    for (const slot of slots) slot.interrupt('the agent stops');
    await Promise.all(slots.map((slot) => slot.supervisor.stop('the agent stops')));
    for (const slot of slots) slot[Symbol.dispose]();
    await this.#park[Symbol.asyncDispose]();
    await this.#pruner.idle();
  }

  async #byHand(app: AppName, signal: AbortSignal, act: (slot: Slot, on: { readonly wanted: Wanted; readonly turn: AbortSignal }) => Promise<void>): Promise<void> {
    const unknown = new Fault('app-unknown', `this device has no app "${app}"`);
    if (!this.#deps.store.apps.get(app)?.wanted) throw unknown;
    const slot = this.#slotOf(app);
    slot.interrupt('a command came');
    try {
      await slot.alone(async (turn) => {
        // It may have been removed while others had their turn.
        const { wanted } = slot.record;
        if (wanted === null) throw unknown;
        await act(slot, { wanted, turn });
      }, signal);
    } finally {
      slot.wake.kick();
    }
  }

  #slotOf(app: AppName): Slot {
    const known = this.#slots.get(app);
    if (known) return known;
    const slot = new Slot({ ...this.#deps, app, supervise: (own) => this.#supervise(own) });
    this.#slots.set(app, slot);
    this.#startLoop?.(slot);
    return slot;
  }

  #supervise(slot: Slot): Supervisor {
    const { runner, board, clock, log } = this.#deps;
    const { app, trace } = slot;
    const { leases } = this.#performDeps;
    const news = new PortNews({ clock, tell: keepTelling({ app, clock, log }, 'onPort', (type, about) => slot.event(type, about)) });
    slot.onDispose(() => news[Symbol.dispose]());
    const onUnsafe = (fault: Fault): void => slot.event('safe-state', { code: fault.code, reason: fault.message });
    return new Supervisor({ app, runner, board: () => board.now(), leases, park: this.#park, news, trace, clock, log, onUnsafe, events: this.#eventsOf(slot) });
  }

  #eventsOf(slot: Slot): SupervisorEvents {
    const deps = this.#performDeps;
    return {
      onProven: () => soaked(slot, deps),
      onFailed: (ending, { artifact }) => {
        startFailed(slot, { digest: artifact.digest, ending }, deps);
        slot.wake.kick();
      },
      onEnded: (ending, { waitMs, regressed: isRegressed }) => {
        const { code, message: reason } = ending.fault;
        const digest = slot.supervisor.program?.artifact.digest;
        deps.log.warn({ app: slot.app, digest, code, reason, waitMs }, 'guest.ended');
        deps.store.transaction(() => {
          slot.event(endTypes[code] ?? 'app.failed', { ...aboutOf(ending), code, reason, ...(digest ? { digest } : {}) });
          if (isRegressed) regressed(slot, ending, deps);
        });
        if (isRegressed) slot.wake.kick();
      },
      onChange: () => this.#deps.tell.changed(),
    };
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
