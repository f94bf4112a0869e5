import { type AppName, type Fault, invariant, toFault } from '@pier/shared/core';
import { type HealthWatch, watchHealth } from './health.ts';
import { keepTelling } from './keep-telling.ts';
import { type GuestEvent, type GuestState, nextState } from './lifecycle.ts';
import { type Life, type LifeDeps, type LifeEnd, faultOf, startLife } from './life.ts';
import type { HeldLine, LastEnd, Usage } from '../guest.ts';
import { OutputLog } from './output-log.ts';
import type { Program } from './program.ts';
import { Regression } from './regression.ts';
import type { GuestEvents } from './sandbox/index.ts';
import type { AppTrace } from './trace/index.ts';

const graceMs = 2_000;
const restartFirstMs = 1_000;
const restartMaxMs = 60_000;
/** A life this long makes the next end count as the first again. */
const steadyMs = 60_000;
const reasonCharactersMax = 1_000;

/** How a guest ended that was to run on: why, its last lines, and how soon its outputs were safe, unless one could not be made so. */
export type Ending = { readonly fault: Fault; readonly lastOutput: readonly string[]; readonly safeMs: number | undefined };

export type SupervisorEvents = {
  /** The soak is over: the release is good. */
  readonly onProven: () => void;
  /** The guest on probation ended or was unwell. It is gone, its outputs are safe, and nothing runs now. */
  readonly onFailed: (ending: Ending, program: Program) => void;
  /** A guest off probation ended; it starts again after the wait, unless it has `regressed`: ended badly too often. */
  readonly onEnded: (ending: Ending, how: { readonly waitMs: number; readonly regressed: boolean }) => void;
  readonly onChange: () => void;
};

export type SupervisorDeps = LifeDeps & { readonly app: AppName; readonly trace: AppTrace; readonly events: SupervisorEvents };

type Run = {
  readonly program: Program;
  readonly stop: AbortController;
  readonly regression: Regression;
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
  #lastEnd: LastEnd | undefined;
  #stopReason = '';

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

  get usage(): Usage | undefined {
    return this.#life?.usage();
  }

  /** How the guest before this one ended, since the start of the agent. */
  get lastEnd(): LastEnd | undefined {
    return this.#lastEnd;
  }

  /**
   * Starts a guest; resolves when its thread runs. With `soakS` it is on probation: the first failure ends it, and a guest
   * that cannot start faults here. Without, failures are waited out, here as later.
   */
  async start(program: Program, soakS: number | undefined): Promise<void> {
    invariant(this.#run === undefined, `app "${this.#deps.app}" was started while it has a guest`);
    const firstTry = Promise.withResolvers<void>();
    const run: Run = { program, stop: new AbortController(), regression: new Regression(), soakS, hasLived: false, done: Promise.resolve() };
    this.#run = run;
    this.#restarts = 0;
    run.done = this.#keep(run, firstTry).catch((cause: unknown) => {
      this.#deps.log.error({ app: this.#deps.app, reason: toFault(cause).message }, 'guest.keeping-failed');
      this.#over(run, firstTry, toFault(cause));
    });
    await firstTry.promise;
  }

  /** Asks the guest to return, ends it after the grace; resolves when its outputs are safe and its lines and ports closed. */
  async stop(reason: string): Promise<void> {
    const run = this.#run;
    if (run === undefined) return;
    if (!run.stop.signal.aborted) {
      this.#stopReason = reason;
      this.#move('stop');
    }
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
      const ending = await this.#live(run, firstTry);
      const { code } = ending.fault;
      if (run.stop.signal.aborted) return this.#over(run, firstTry);
      this.#move('ended');
      // A board that went away says nothing about the release: its soak starts again with the board.
      if (run.soakS !== undefined && code !== 'board-gone') return this.#failed(run, ending, firstTry);
      firstTry.resolve();
      const nowMs = this.#deps.clock.monotonicMs();
      if (nowMs - bornMs > steadyMs) crashes = 0;
      const waitMs = Math.min(restartMaxMs, restartFirstMs * 2 ** crashes);
      this.#restarts += 1;
      this.#deps.events.onEnded(ending, { waitMs, regressed: run.soakS === undefined && run.regression.note(code, nowMs) });
      await this.#deps.clock.sleep(waitMs, run.stop.signal).catch(() => {
        // Stopped while waiting: looked at in the next line.
      });
      if (run.stop.signal.aborted) return this.#over(run, firstTry);
    }
  }

  /** One guest, from its start until it is gone; says why it ended. */
  async #live(run: Run, firstTry: PromiseWithResolvers<void>): Promise<Ending> {
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
    this.#deps.trace.begin(run.program.grant);
    try {
      life = await startLife(run.program, this.#deps, { events: this.#guestEvents(health), signal: starting.signal });
    } catch (cause) {
      return { fault: toFault(cause), lastOutput: [], safeMs: undefined };
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
      const over = await life.over;
      return this.#ended(run, over, sick ?? faultOf(over.end));
    } finally {
      this.#life = undefined;
      this.#sicken = undefined;
      run.stop.signal.removeEventListener('abort', onStop);
    }
  }

  #ended(run: Run, { safeMs, isSafe }: LifeEnd, fault: Fault): Ending {
    const lastOutput = this.#deps.trace.end();
    const { code, message } = run.stop.signal.aborted ? { code: 'stopped', message: this.#stopReason } : fault;
    const reason = `${isSafe ? '' : 'an output could not be made safe; '}${message}`.slice(0, reasonCharactersMax);
    this.#lastEnd = { code, reason, safeMs };
    return { fault, lastOutput, safeMs: isSafe ? safeMs : undefined };
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

  #failed(run: Run, ending: Ending, firstTry: PromiseWithResolvers<void>): void {
    this.#over(run, firstTry, ending.fault);
    if (run.hasLived) this.#deps.events.onFailed(ending, run.program);
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
    const { log, app, trace } = this.#deps;
    return {
      onReady: () => health.ready(),
      onBeat: () => health.beat(),
      onFailing: (reason) => health.failing(reason),
      onOutput: (stream, bytes, dropped) => {
        trace.output(stream, bytes, dropped);
        this.#outputLog.write(stream, bytes, dropped);
      },
      onTelemetry: (samples, dropped) => trace.telemetry(samples, dropped),
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
