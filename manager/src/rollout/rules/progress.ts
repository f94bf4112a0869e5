/** What the counts of its waves make of a rollout: which wave passes, fails, opens or reopens, and what follows for the whole. */
import type { PauseCause, Rollout, RolloutState, WavePlan, WaveState } from '@pier/shared/api';
import type { Reason } from '@pier/shared/wire';
import { atWork } from './deployment.ts';
import { type Counts, countedOf, judgeWave, sumOf } from './gate.ts';

export type WaveFacts = {
  readonly n: number;
  readonly state: WaveState;
  readonly plan: WavePlan;
  readonly counts: Counts;
  readonly absent: number;
  /** Set where a person advanced past this wave's gate: how many ended badly since. What had failed by then is forgiven. */
  readonly badSinceOverride?: number;
};

export type WaveStep = { readonly n: number; readonly to: WaveState; readonly reason: Reason | null };
export type RolloutStep = { readonly to: RolloutState; readonly cause: PauseCause | null; readonly reason: Reason | null };
export type Progress = { readonly waves: readonly WaveStep[]; readonly rollout: RolloutStep | undefined };

type Judged = Pick<Rollout, 'state' | 'mode' | 'onFailure'>;

const deserted: Reason = { code: 'superseded', reason: 'no device is left in it: all were excluded, or taken over by newer rollouts or by persons' };
/** What follows for a static rollout in which nobody is left. */
export const desertedStep: RolloutStep = { to: 'aborting', cause: null, reason: deserted };

/** Whether a wave's gate, once passed, is broken now. */
export function isBroken({ counts, absent, plan, badSinceOverride }: WaveFacts): boolean {
  if (judgeWave(counts, absent, plan.gate).verdict !== 'failed') return false;
  return badSinceOverride === undefined || badSinceOverride > 0;
}

/** The steps to take now, of a rollout that is running or completed. A wave that passes opens the next one in the same breath. */
export function progressOf(rollout: Judged, waves: readonly WaveFacts[]): Progress {
  const broken = waves.filter((wave) => wave.state === 'passed' && isBroken(wave));
  if (broken.length > 0) return reopen(broken);
  if (rollout.state !== 'running') return { waves: [], rollout: undefined };
  if (rollout.mode === 'static' && waves.every((wave) => countedOf(wave.counts) === 0)) return { waves: [], rollout: desertedStep };
  return goOn(rollout, waves);
}

/** A late regression always asks a person, also where failures roll back by themselves: what ran for hours is not undone unasked. */
function reopen(broken: readonly WaveFacts[]): Progress {
  const steps = broken.map(({ n, counts, absent, plan }): WaveStep => ({ n, to: 'reopened', reason: judgeWave(counts, absent, plan.gate).reason }));
  const [first] = steps;
  const reason = { code: 'gate.regressed', reason: `wave ${first?.n} had passed and no longer holds: ${first?.reason?.reason}` };
  return { waves: steps, rollout: { to: 'paused', cause: 'gate', reason } };
}

function goOn(rollout: Judged, waves: readonly WaveFacts[]): Progress {
  const steps: WaveStep[] = [];
  let before: WaveFacts | undefined;
  for (const wave of waves) {
    const step = wave.state === 'passed' ? undefined : stepOf(wave, before);
    if (wave.state !== 'passed' && !step) return { waves: steps, rollout: undefined };
    if (step) steps.push(step);
    if (step?.to === 'failed') return { waves: steps, rollout: failed(rollout, step) };
    // What has just opened is offered first, and judged after.
    if (step && step.to !== 'passed') return { waves: steps, rollout: undefined };
    before = wave;
  }
  return { waves: steps, rollout: { to: 'completed', cause: null, reason: null } };
}

/** The step of the first wave that has not passed; undefined when it has none to take now. */
function stepOf(wave: WaveFacts, before: WaveFacts | undefined): WaveStep | undefined {
  if (wave.state === 'pending') return before?.plan.advance === 'manual' ? undefined : { n: wave.n, to: 'active', reason: null };
  if (wave.state !== 'active' && wave.state !== 'soaking') return undefined;
  const { verdict, reason } = judgeWave(wave.counts, wave.absent, wave.plan.gate);
  if (verdict !== 'open') return { n: wave.n, to: verdict, reason };
  return wave.state === 'active' && isSoaking(wave) ? { n: wave.n, to: 'soaking', reason: null } : undefined;
}

/** Every present device has the release, and some of them only have to prove it. */
function isSoaking({ counts, absent }: WaveFacts): boolean {
  const busy = sumOf(counts, atWork) + (counts.offered ?? 0) - (counts.soaking ?? 0);
  return (counts.soaking ?? 0) > 0 && busy === 0 && (counts.waiting ?? 0) <= absent;
}

function failed(rollout: Judged, { n, reason }: WaveStep): RolloutStep {
  const why = { code: reason?.code ?? 'gate', reason: `wave ${n} failed: ${reason?.reason}` };
  return rollout.onFailure === 'roll_back' ? { to: 'rolling_back', cause: null, reason: why } : { to: 'paused', cause: 'gate', reason: why };
}

/** Up to which wave devices are served: those that have passed, and the one that is open. Waves behind a reopened one wait with it. */
export function openTo(waves: readonly Pick<WaveFacts, 'n' | 'state'>[]): number {
  const first = waves.find(({ state }) => state !== 'passed');
  if (!first) return waves.at(-1)?.n ?? 0;
  return first.state === 'active' || first.state === 'soaking' ? first.n : first.n - 1;
}

/** Devices of all waves, by state. */
export function allCounts(waves: readonly Pick<WaveFacts, 'counts'>[]): Counts {
  const sum: { -readonly [S in keyof Counts]: Counts[S] } = {};
  for (const { counts } of waves) for (const [state, count] of Object.entries(counts) as [keyof Counts, number][]) sum[state] = (sum[state] ?? 0) + count;
  return sum;
}

