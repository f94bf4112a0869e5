/**
 * The processes of a storm, found as an administrator finds them, in /proc; and a keeper that starts again whatever died, as a
 * service manager does, once nothing is left of it.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { type Clock, systemClock } from '@pier/shared/core';
import { type Running, processesOf, signalAll } from '../support/processes.ts';

export type Actor = {
  readonly name: string;
  /** Text that is in the command line of each of its processes, and of no other's. */
  readonly mark: string;
  /** Text in the command line of the process that does the work, beside the one that launched it. */
  readonly main: string;
  /** Resolves when it is ready. `env`: for this start alone. */
  readonly start: (env: NodeJS.ProcessEnv) => Promise<unknown>;
};

type Kept = { readonly actor: Actor; env: NodeJS.ProcessEnv; downMs: number; starting: boolean; starts: number };

const lookMs = 100;
const looksPerSignal = 150;
const orphanMs = 25_000;

export class Cast implements AsyncDisposable {
  readonly findings: string[] = [];
  readonly #kept = new Map<string, Kept>();
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;
  readonly #work = new Set<Promise<void>>();
  /** Told of each death: who, and when it was seen. */
  readonly #onDeath: (name: string) => void;
  readonly #onUp: (name: string) => void;

  constructor({ onDeath, onUp, clock = systemClock }: { onDeath: (name: string) => void; onUp: (name: string) => void; clock?: Clock }) {
    this.#clock = clock;
    this.#onDeath = onDeath;
    this.#onUp = onUp;
    this.#loop = this.#watch();
  }

  /** Keeps somebody who runs already. */
  keep(actor: Actor): void {
    this.#kept.set(actor.name, { actor, env: {}, downMs: 0, starting: false, starts: 1 });
  }

  /** Starts somebody new, and keeps it. */
  enter(actor: Actor, env: NodeJS.ProcessEnv = {}): void {
    this.#kept.set(actor.name, { actor, env, downMs: 0, starting: false, starts: 0 });
  }

  /** No longer kept; what runs of it ends. */
  async leave(name: string): Promise<void> {
    const { actor } = this.#of(name);
    this.#kept.delete(name);
    await Promise.all(this.#work);
    signalAll(this.all(actor), 'SIGKILL');
    await this.#gone(actor);
  }

  get names(): string[] {
    return [...this.#kept.keys()];
  }

  mains(name: string): Running[] {
    const { actor } = this.#of(name);
    return this.all(actor).filter(({ command }) => command.includes(actor.main));
  }

  processes(name: string): Running[] {
    return this.all(this.#of(name).actor);
  }

  /** How it is to be started the next time it died: after so long, in this environment. */
  arrange(name: string, { env = {}, downMs = 0 }: { env?: NodeJS.ProcessEnv; downMs?: number }): void {
    Object.assign(this.#of(name), { env, downMs });
  }

  /** Ends it, and has it started anew; resolves when it is ready, or dies again before it was. */
  async restart(name: string, { env = {}, by = 'SIGTERM' }: { env?: NodeJS.ProcessEnv; by?: NodeJS.Signals } = {}): Promise<void> {
    const kept = this.#of(name);
    const { starts } = kept;
    this.arrange(name, { env });
    for (let looks = 0; kept.starts === starts && !this.#stop.signal.aborted; looks += 1) {
      // Asked again when it was only just coming up and did not hear.
      if (looks % looksPerSignal === 0) signalAll(this.mains(name), by);
      await this.#clock.sleep(lookMs);
    }
    await this.settled(name);
  }

  /** Resolves when its last start has ended, well or not. */
  async settled(name: string): Promise<void> {
    const kept = this.#of(name);
    while ((kept.starting || this.mains(name).length === 0) && !this.#stop.signal.aborted) await this.#clock.sleep(lookMs);
  }

  isUp(name: string): boolean {
    return !this.#of(name).starting && this.mains(name).length > 0;
  }

  all(actor: Actor): Running[] {
    return processesOf(actor.mark);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    await Promise.all(this.#work);
  }

  #of(name: string): Kept {
    const kept = this.#kept.get(name);
    if (!kept) throw new Error(`nobody called ${name} is kept`);
    return kept;
  }

  async #watch(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      for (const kept of this.#kept.values()) {
        if (kept.starting || this.mains(kept.actor.name).length > 0) continue;
        kept.starting = true;
        const work: Promise<void> = this.#again(kept).finally(() => {
          kept.starting = false;
          this.#work.delete(work);
        });
        this.#work.add(work);
      }
      await this.#clock.sleep(lookMs, this.#stop.signal).catch(() => {
        // Stopped while waiting: the loop's condition ends it.
      });
    }
  }

  async #again(kept: Kept): Promise<void> {
    const { actor } = kept;
    if (kept.starts > 0) this.#onDeath(actor.name);
    await this.#gone(actor);
    if (this.#stop.signal.aborted || !this.#kept.has(actor.name)) return;
    if (kept.downMs > 0) await this.#clock.sleep(kept.downMs);
    const { env } = kept;
    Object.assign(kept, { env: {}, downMs: 0 });
    kept.starts += 1;
    try {
      await actor.start(env);
      this.#onUp(actor.name);
    } catch {
      // It died before it was ready, which a storm does to whom it likes; the watch sees it.
    }
  }

  /** What is left of somebody who died must go by itself. */
  async #gone(actor: Actor): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + orphanMs;
    for (let left = this.all(actor); left.length > 0; left = this.all(actor)) {
      if (this.#clock.monotonicMs() > untilMs) {
        this.findings.push(`${actor.name} left ${left.length} processes behind for ${orphanMs / 1_000} s: ${left.map(({ pid, command }) => `${pid} ${command.slice(0, 120)}`).join('; ')}`);
        signalAll(left, 'SIGKILL');
      }
      await this.#clock.sleep(lookMs);
    }
  }
}

/** The processes whose parent is this one, from /proc (proc(5), stat). */
export function childrenOf(pid: number): { readonly pid: number }[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(parent) === pid ? [{ pid: Number(name) }] : [];
    } catch {
      // It ended while we looked.
      return [];
    }
  });
}
