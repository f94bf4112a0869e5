import { type AppName, type Fault, invariant, toFault } from '@pier/shared/core';
import { type HealthWatch, watchHealth } from './health.ts';
import { keepTelling } from './keep-telling.ts';
import { type GuestEvent, type GuestState, nextState } from './lifecycle.ts';
import { type Life, type LifeDeps, faultOf, startLife } from './life.ts';
import type { HeldLine } from '../guest.ts';
import { OutputLog } from './output-log.ts';
import type { Program } from './program.ts';
import type { GuestEvents } from './sandbox/index.ts';

const graceMs = 2_000;
const restartFirstMs = 1_000;
const restartMaxMs = 60_000;
/** A life this long makes the next end count as the first again. */
const steadyMs = 60_000;

export type SupervisorEvents = {
  /** The soak is over: the release is good. */
  readonly onProven: () => void;
  /** The guest on probation ended or was unwell. It is gone, its outputs are safe, and nothing runs now. */
  readonly onFailed: (fault: Fault) => void;
  /** A guest off probation ended; it starts again after the wait. */
  readonly onEnded: (fault: Fault, waitMs: number) => void;
  readonly onChange: () => void;
};

export type SupervisorDeps = Omit<LifeDeps, 'onUnsafe'> & { readonly app: AppName; readonly onUnsafe: (fault: Fault) => void; readonly events: SupervisorEvents };

type Run = {
  readonly program: Program;
  readonly stop: AbortController;
  /** Seconds of soak still to pass; undefined off probation. */
  soakS: number | undefined;
  hasLived: boolean;
  done: Promise<void>;
};

/** Keeps one app's guest alive: health, soak, restarts with back-off, and an end that leaves its outputs safe. */
export class Supervisor {
  readonly #deps: SupervisorDeps;
  readonly #outputLog: OutputLog;
  #state: GuestState = 'stopped';
  #run: Run | undefined;
  #life: Life | undefined;
  #sicken: ((fault: Fault) => void) | undefined;
  #restarts = 0;
  #sinceMs = 0;

  constructor(deps: SupervisorDeps) {
    this.#deps = { ...deps, events: persistent(deps), onUnsafe: keepTelling(deps, 'onUnsafe', deps.onUnsafe) };
    this.#outputLog = new OutputLog(deps);
  }

  get state(): GuestState {
    return this.#state;
  }

  /** What has a guest, or is about to have one again. */
  get program(): Program | undefined {
    return this.#run?.program;
  }

  /** The guest that is alive now. */
  get alive(): { program: Program; restarts: number; sinceMs: number } | undefined {
    return this.#run && this.#life ? { program: this.#run.program, restarts: this.#restarts, sinceMs: this.#sinceMs } : undefined;
  }

  get lines(): readonly HeldLine[] {
    return this.#life?.lines ?? [];
  }

  /**
   * Starts a guest; resolves when its thread runs. With `soakS` it is on probation: the first failure ends it, and a guest
   * that cannot start faults here. Without, failures are waited out, here as later.
   */
  async start(program: Program, soakS: number | undefined): Promise<void> {
    invariant(this.#run === undefined, `app "${this.#deps.app}" was started while it has a guest`);
    const firstTry = Promise.withResolvers<void>();
    const run: Run = { program, stop: new AbortController(), soakS, hasLived: false, done: Promise.resolve() };
    this.#run = run;
    this.#restarts = 0;
    run.done = this.#keep(run, firstTry).catch((cause: unknown) => {
      this.#deps.log.error({ app: this.#deps.app, reason: toFault(cause).message }, 'guest.keeping-failed');
      this.#over(run, firstTry, toFault(cause));
    });
    await firstTry.promise;
  }

  /** Asks the guest to return, ends it after the grace; resolves when its outputs are safe and its lines closed. */
  async stop(): Promise<void> {
    const run = this.#run;
    if (run === undefined) return;
    if (!run.stop.signal.aborted) this.#move('stop');
    run.stop.abort();
    await run.done;
  }

  /** Ends the guest for a reason that it has not told itself; what follows is the same as when it ends by itself. */
  fail(fault: Fault): void {
    this.#sicken?.(fault);
  }

  /** The attempt that the guest was on probation for is not the wanted one any more; the guest itself goes on. */
  endProbation(): void {
    if (this.#run?.soakS === undefined) return;
    this.#run.soakS = undefined;
    if (this.#state === 'soaking') this.#move('soaked');
  }

  async #keep(run: Run, firstTry: PromiseWithResolvers<void>): Promise<void> {
    for (let crashes = 0; ; crashes += 1) {
      const bornMs = this.#deps.clock.monotonicMs();
      this.#move('start');
      const fault = await this.#live(run, firstTry);
      if (run.stop.signal.aborted) return this.#over(run, firstTry);
      this.#move('ended');
      // A board that went away says nothing about the release: its soak starts again with the board.
      if (run.soakS !== undefined && fault.code !== 'board-gone') return this.#failed(run, fault, firstTry);
      firstTry.resolve();
      if (this.#deps.clock.monotonicMs() - bornMs > steadyMs) crashes = 0;
      const waitMs = Math.min(restartMaxMs, restartFirstMs * 2 ** crashes);
      this.#restarts += 1;
      this.#deps.events.onEnded(fault, waitMs);
      await this.#deps.clock.sleep(waitMs, run.stop.signal).catch(() => {
        // Stopped while waiting: looked at in the next line.
      });
      if (run.stop.signal.aborted) return this.#over(run, firstTry);
    }
  }

  /** One guest, from its start until it is gone; says why it ended. */
  async #live(run: Run, firstTry: PromiseWithResolvers<void>): Promise<Fault> {
    let sick: Fault | undefined;
    const starting = new AbortController();
    const stopWhileStarting = (): void => starting.abort(run.stop.signal.reason);
    run.stop.signal.addEventListener('abort', stopWhileStarting, { once: true });
    using health = watchHealth({ limits: run.program.artifact.limits, soakS: run.soakS }, this.#deps.clock, {
      onUp: () => this.#up(run),
      onSoaked: () => this.#soaked(run),
      onSick: (fault) => this.#sicken?.(fault),
    });
    this.#sicken = (fault) => {
      sick ??= fault;
      void this.#life?.stop(graceMs);
    };
    let life: Life;
    try {
      life = await startLife(run.program, this.#deps, { events: this.#guestEvents(health), signal: starting.signal });
    } catch (cause) {
      return toFault(cause);
    } finally {
      run.stop.signal.removeEventListener('abort', stopWhileStarting);
    }
    this.#life = life;
    this.#sinceMs = this.#deps.clock.nowMs();
    const onStop = (): void => void life.stop(graceMs);
    run.stop.signal.addEventListener('abort', onStop, { once: true });
    if (run.stop.signal.aborted || sick !== undefined) onStop();
    run.hasLived = true;
    health.started();
    firstTry.resolve();
    try {
      return await this.#end(life, () => sick);
    } finally {
      this.#life = undefined;
      this.#sicken = undefined;
      run.stop.signal.removeEventListener('abort', onStop);
    }
  }

  async #end(life: Life, sick: () => Fault | undefined): Promise<Fault> {
    const fault = faultOf(await life.over);
    return sick() ?? fault;
  }

  #up(run: Run): void {
    this.#deps.log.info({ app: this.#deps.app, digest: run.program.artifact.digest, soakS: run.soakS }, 'guest.up');
    this.#move(run.soakS === undefined ? 'up' : 'up-on-probation');
  }

  #soaked(run: Run): void {
    // A guest that is being stopped has not been well for the whole soak.
    if (run.soakS === undefined || run.stop.signal.aborted) return;
    run.soakS = undefined;
    this.#move('soaked');
    this.#deps.events.onProven();
  }

  #failed(run: Run, fault: Fault, firstTry: PromiseWithResolvers<void>): void {
    this.#over(run, firstTry, fault);
    if (run.hasLived) this.#deps.events.onFailed(fault);
  }

  /** Nothing runs any more; a start that still waits for its first guest learns why. */
  #over(run: Run, firstTry: PromiseWithResolvers<void>, fault?: Fault): void {
    if (this.#state !== 'stopping') this.#move('stop');
    if (this.#run === run) this.#run = undefined;
    this.#move('gone');
    if (fault) firstTry.reject(fault);
    else firstTry.resolve();
  }

  #guestEvents(health: HealthWatch): GuestEvents {
    const { log, app } = this.#deps;
    return {
      onReady: () => health.ready(),
      onBeat: () => health.beat(),
      onFailing: (reason) => health.failing(reason),
      onOutput: (stream, bytes, dropped) => this.#outputLog.write(stream, bytes, dropped),
      onFirstHostCall: () => log.debug({ app }, 'guest.first-host-call'),
    };
  }

  #move(event: GuestEvent): void {
    const next = nextState(this.#state, event);
    if (next === undefined) {
      this.#deps.log.warn({ app: this.#deps.app, state: this.#state, event }, 'guest.event-out-of-place');
      return;
    }
    this.#state = next;
    this.#deps.events.onChange();
  }
}

function persistent({ events, ...deps }: SupervisorDeps): SupervisorEvents {
  return {
    onProven: keepTelling(deps, 'onProven', events.onProven),
    onFailed: keepTelling(deps, 'onFailed', events.onFailed),
    onEnded: keepTelling(deps, 'onEnded', events.onEnded),
    onChange: keepTelling(deps, 'onChange', events.onChange),
  };
}
