/** A storm: its rounds, one after the other, over one fleet that is never set up anew in between. */
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Step, systemClock, toFault } from '@pier/shared/core';
import { type Heard, eavesdrop, strike } from './faults.ts';
import { judge, untilThere } from './judge.ts';
import { LogTail, type Said } from './log-tail.ts';
import { type Round, chance } from './plan.ts';
import { type Scene, openScene } from './scene.ts';
import { type Stage, stories } from './stories.ts';
import { type Tally, count, neverHit, newTally } from './table.ts';

export type Finding = { readonly seed: number; readonly round: number; readonly story: string; readonly blow: string; readonly wrong: readonly string[] };
export type Result = {
  readonly rounds: readonly Round[];
  readonly tally: Tally;
  readonly findings: readonly Finding[];
  readonly neverHit: readonly Step[];
  /** Of each death of an agent, how long its light was on afterwards. */
  readonly unsafeMs: readonly number[];
  readonly nudged: number;
  readonly restarts: number;
};
export type Options = { readonly seed: number; readonly rounds: readonly Round[]; readonly say: (line: string) => void; /** Where logs of a round with findings are kept. */ readonly keptDir: string; readonly signal: AbortSignal };

const findingsMax = 5;
const lookMs = 20;

/** Plays these rounds of a seed. */
export async function storm(options: Options): Promise<Result> {
  const startedMs = systemClock.monotonicMs();
  await using scene = await openScene();
  options.say(`a manager and ${scene.devices.length} devices are up after ${seconds(startedMs)}`);
  await using ear = await eavesdrop(scene);
  const run = new Run(scene, options, ear.heard);
  using _ = systemClock.every(lookMs, () => run.look());
  const stopped = new Promise<void>((resolve) => options.signal.addEventListener('abort', () => resolve(), { once: true }));
  for (const round of options.rounds) {
    if (options.signal.aborted || run.findings.length >= findingsMax) break;
    await Promise.race([run.play(round), stopped]);
  }
  const { tally, findings, unsafeMs, nudged, played } = run;
  return { rounds: played, tally, findings, neverHit: neverHit(played, tally), unsafeMs, nudged, restarts: [...scene.deaths.values()].reduce((sum, one) => sum + one.length, 0) };
}

type Waiting = { readonly step: Step; left: number; readonly act: () => void };

class Run {
  readonly tally = newTally();
  readonly findings: Finding[] = [];
  readonly unsafeMs: number[] = [];
  readonly played: Round[] = [];
  nudged = 0;
  readonly #scene: Scene;
  readonly #options: Options;
  readonly #heard: readonly Heard[];
  readonly #tails = new Map<string, LogTail>();
  readonly #runs = new Map<string, number>();
  readonly #commands: Stage['commands'] = [];
  #waiting: Waiting | undefined;

  constructor(scene: Scene, options: Options, heard: readonly Heard[]) {
    this.#scene = scene;
    this.#options = options;
    this.#heard = heard;
  }

  /** Reads on in all logs. */
  look(): void {
    const logs = join(this.#scene.world.dir, 'logs');
    for (const name of readdirSync(logs)) {
      if (!/^(?:manager|north|south|newcomer-\d+)\.log$/.test(name)) continue;
      const tail = this.#tails.get(name) ?? new LogTail(join(logs, name));
      this.#tails.set(name, tail);
      for (const said of tail.read()) this.#note(said);
    }
  }

  #note({ kind, step, line }: Said): void {
    count(this.tally[kind], step);
    const id = step === 'step.command-running' && kind === 'passed' ? /"id":"([^"]+)"/.exec(line)?.[1] : undefined;
    if (id !== undefined) count(this.#runs, id);
    const waiting = this.#waiting;
    if (waiting?.step !== step || kind !== 'passed' || (waiting.left -= 1) > 0) return;
    this.#waiting = undefined;
    waiting.act();
  }

  async play(round: Round): Promise<void> {
    const startedMs = systemClock.monotonicMs();
    const { seed, say } = this.#options;
    this.played.push(round);
    const fromNs = systemClock.monotonicNs();
    const stage: Stage = { round, counter: 1_000 + round.n, notes: [], commands: this.#commands };
    const wrong = await this.#storyOf(round, stage).catch((cause: unknown) => [`the story broke off: ${toFault(cause).message}`]);
    const verdict = await judge(this.#scene, { stage, runs: this.#runs, fromNs });
    this.look();
    wrong.push(...verdict.wrong);
    this.unsafeMs.push(...verdict.unsafeMs);
    this.nudged += verdict.nudged;
    say(`${wrong.length === 0 ? 'ok  ' : 'FAIL'} ${String(round.n).padStart(3)} ${wordsOf(round)} (${seconds(startedMs)}${stage.notes.map((note) => `, ${note}`).join('')})`);
    if (wrong.length === 0) return;
    this.findings.push({ seed, round: round.n, story: round.story, blow: wordsOf(round), wrong });
    for (const words of wrong) say(`       ${words}`);
    this.#keep(round);
    await this.#cleanUp();
  }

  async #storyOf(round: Round, stage: Stage): Promise<string[]> {
    const play = await stories[round.story](this.#scene, stage);
    const blow = this.#arm(round);
    await blow.ready;
    const random = chance(this.#options.seed * 1_000 + round.n);
    const fell = this.#fall(round, random);
    try {
      return await play();
    } finally {
      await fell.end();
    }
  }

  /** A process that is to die at a step is started anew, so that it knows. */
  #arm({ blow, when, device, story, patient }: Round): { readonly ready: Promise<void> } {
    const { cast, devices } = this.#scene;
    if (when.kind !== 'step' || !when.self) return { ready: Promise.resolve() };
    count(this.tally.blows, `${blow.victim} ${blow.act}`);
    const env = { PIER_DIE_AT: `${when.step}:${when.nth}` };
    if (blow.victim === 'manager') return { ready: cast.restart('manager', { env, by: 'SIGKILL' }).then(() => (patient ? untilThere(this.#scene) : this.#hurry())) };
    const name = devices[device]?.name;
    return { ready: story === 'enrol' || story === 'renew' || name === undefined ? Promise.resolve() : cast.restart(name, { env }) };
  }

  /** Devices that lost the manager wait long before they come back, and so are started anew instead. */
  async #hurry(): Promise<void> {
    await Promise.all(this.#scene.devices.map(({ name }) => this.#scene.cast.restart(name)));
  }

  /** Lets the blow fall at its time; `end` resolves when it fell and is healed, or never will. */
  #fall(round: Round, random: () => number): { end(): Promise<void> } {
    const { when, blow } = round;
    if (when.kind === 'step' && when.self) return { end: async () => {} };
    const work: { done: Promise<void> } = { done: Promise.resolve() };
    const act = (): void => {
      const name = `${blow.victim} ${blow.act}`;
      count(this.tally.blows, name);
      if (when.kind === 'step') {
        const struck = this.tally.struck.get(when.step) ?? new Map<string, number>();
        this.tally.struck.set(when.step, struck);
        count(struck, name);
      }
      work.done = strike(this.#scene, { round, random, heard: this.#heard });
    };
    if (when.kind === 'after') {
      const timer = systemClock.sleep(when.ms).then(act);
      return {
        end: async () => {
          await timer;
          await work.done;
        },
      };
    }
    this.#waiting = { step: when.step, left: when.nth, act };
    return {
      end: async () => {
        this.#waiting = undefined;
        await work.done;
      },
    };
  }

  #keep({ n }: Round): void {
    const { keptDir, seed, say } = this.#options;
    const to = join(keptDir, `seed-${seed}-round-${n}`);
    rmSync(to, { recursive: true, force: true });
    mkdirSync(to, { recursive: true });
    const { dir } = this.#scene.world;
    for (const name of ['logs', 'north', 'south', 'board-north/record.ndjson', 'board-south/record.ndjson']) cpSync(join(dir, name), join(to, name), { recursive: true, filter: (path) => !/identity|\.sock|blobs/.test(path) });
    say(`       logs are in ${to}`);
    say(`       again: npm run storm -- --seed ${seed} --rounds ${n}`);
  }

  /** So that one finding is not found again in each round that follows. */
  async #cleanUp(): Promise<void> {
    const { world } = this.#scene;
    const { items } = await world.api.call('listRollouts', { query: { live: true, limit: 100 } as never });
    for (const { id } of items) await world.api.call('actOnRollout', { params: { id }, ifMatch: '*', body: { verb: 'abort' } as never }).catch(() => {});
    await systemClock.sleep(3_000);
  }
}

function wordsOf({ story, blow, when, device, holdMs }: Round): string {
  const moment = when.kind === 'after' ? `after ${when.ms} ms` : `at ${when.step}${when.nth > 1 ? ` (${when.nth}.)` : ''}`;
  return `${story}: ${blow.victim} ${blow.act} ${moment}, device ${device}, for ${holdMs} ms`;
}

function seconds(sinceMs: number): string {
  return `${((systemClock.monotonicMs() - sinceMs) / 1_000).toFixed(1)} s`;
}
