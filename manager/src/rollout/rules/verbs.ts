/** What each verb would do to a rollout now: previews and acts are judged by this one function, so that neither promises what the other refuses. */
import { type Rollout, type RolloutState, type RolloutVerb, rolloutVerbs } from '@pier/shared/api';
import { atWork, badEnds } from './deployment.ts';
import { type Counts, judgeWave, sumOf } from './gate.ts';
import { type WaveFacts, allCounts, isBroken } from './progress.ts';
import { approvalCodes, verbSteps } from './states.ts';

export type VerbFacts = {
  readonly rollout: Pick<Rollout, 'id' | 'state' | 'cause' | 'createdBy' | 'maxInFlight'> & { readonly reasonCode: string | null };
  readonly waves: readonly WaveFacts[];
  readonly releaseVerified: boolean;
  readonly actor: string;
  /** Of the devices named, or of all where none are, those that a retry would let try again: no newer rollout or person has them. */
  readonly retryable: number;
  /** Of the devices named, or of all where none are, those that are not at work and can be left out. */
  readonly excludable: number;
};

export type Fit =
  | { readonly possible: true; readonly devices: number; readonly sentence: string }
  | { readonly possible: false; readonly code: 'verb-unfit' | 'forbidden'; readonly sentence: string };

const fits = (devices: number, sentence: string): Fit => ({ possible: true, devices, sentence });
const unfit = (sentence: string): Fit => ({ possible: false, code: 'verb-unfit', sentence });

/** Where the verb leads from a state; undefined where it does not fit. */
export function stepOfVerb(verb: RolloutVerb, state: RolloutState): RolloutState | undefined {
  const steps: Readonly<Partial<Record<RolloutState, RolloutState>>> = verbSteps[verb];
  return steps[state];
}

export function judgeVerb(verb: RolloutVerb, facts: VerbFacts): Fit {
  const { state } = facts.rollout;
  if (stepOfVerb(verb, state)) return judges[verb](facts, allCounts(facts.waves));
  const fitting = rolloutVerbs.filter((one) => stepOfVerb(one, state) !== undefined);
  return unfit(`${verb} does not fit a rollout that is ${state}; ${fitting.length === 0 ? 'nothing does any more' : `these do: ${fitting.join(', ')}`}`);
}

type Judge = (facts: VerbFacts, counts: Counts) => Fit;

const judges: Readonly<Record<RolloutVerb, Judge>> = {
  approve: ({ rollout, actor, releaseVerified, waves }, counts) => {
    const byAnother = rollout.reasonCode !== approvalCodes.uncovered;
    if (byAnother && actor === rollout.createdBy) return { possible: false, code: 'forbidden', sentence: `${actor} started it; the policy wants the word of a second person` };
    if (!releaseVerified) return unfit('its release is no longer verified; deny it');
    return fits(counts.waiting ?? 0, `starts it with ${countOf(waves[0]?.counts.waiting)} in its first wave, ${countOf(counts.waiting)} in all`);
  },
  deny: (_, counts) => fits(counts.waiting ?? 0, `ends it before its start; left as they are: ${countOf(counts.waiting)}`),
  pause: (_, counts) => fits((counts.offered ?? 0) + (counts.waiting ?? 0), `nothing more is offered; waiting: ${countOf(counts.waiting)}, offers taken back: ${counts.offered ?? 0}, at work and left to finish: ${countOf(sumOf(counts, atWork))}`),
  resume,
  advance,
  abort: (_, counts) => fits((counts.offered ?? 0) + (counts.waiting ?? 0), `ends it, and what runs stays; left out: ${countOf(counts.waiting)}, offers taken back: ${counts.offered ?? 0}, at work and left to finish: ${countOf(sumOf(counts, atWork))}`),
  retry: ({ rollout, retryable, releaseVerified }, counts) => {
    if (!releaseVerified || rollout.cause === 'trust') return unfit('its release is not trusted now; nothing can be retried');
    if (retryable === 0) return unfit(`no such device failed, was refused or timed out without being taken over since (${countOf(sumOf(counts, badEnds))} ended badly)`);
    return fits(retryable, `lets ${countOf(retryable)} try again`);
  },
  exclude: ({ excludable }, counts) => {
    if (excludable === 0) return unfit(`no such device waits, is offered, or ended badly; ${countOf(sumOf(counts, atWork))} at work have to finish first`);
    return fits(excludable, `leaves out ${countOf(excludable)} of those that are not at work`);
  },
  roll_back: (_, counts) => {
    const changed = (counts.proven ?? 0) + sumOf(counts, badEnds) + sumOf(counts, atWork);
    return fits(changed, `brings ${countOf(changed)} back to what ran before, the last wave first; left out: ${countOf((counts.waiting ?? 0) + (counts.offered ?? 0))}`);
  },
  set_cap: ({ rollout }) => fits(0, `changes how many devices may be at work at once, ${rollout.maxInFlight} now`),
};

function resume({ rollout, waves, releaseVerified }: VerbFacts, counts: Counts): Fit {
  if (!releaseVerified) return unfit('its release is not verified; it goes on only when it is again');
  const broken = waves.find((wave) => stands(wave) && isBroken(wave));
  if (rollout.cause === 'gate' && broken) {
    const { reason } = judgeWave(broken.counts, broken.absent, broken.plan.gate);
    return unfit(`wave ${broken.n} still fails its gate: ${reason.reason}; retry or exclude what failed, advance past it, abort, or roll_back`);
  }
  return fits(counts.waiting ?? 0, `goes on; waiting: ${countOf(counts.waiting)}`);
}

function advance({ rollout, waves, releaseVerified }: VerbFacts): Fit {
  if (!releaseVerified || rollout.cause === 'trust') return unfit('its release is not verified; no wave can open');
  const { pass, open } = wavesToAdvance(waves);
  if (pass.length === 0 && open === undefined) return unfit('every wave has passed');
  const next = waves.find(({ n }) => n === open);
  const passed = pass.length === 0 ? '' : `takes wave ${pass.join(', ')} as passed though its gate does not say so; `;
  return fits(next?.counts.waiting ?? 0, `${passed}${next ? `opens wave ${next.n} with ${countOf(next.counts.waiting)}` : 'no further wave opens'}`);
}

const stands = ({ state }: Pick<WaveFacts, 'state'>): boolean => state === 'failed' || state === 'reopened';

/** Which waves an advance takes as passed, and which one it opens: those that stand at their gate, or the one that is open. */
export function wavesToAdvance(waves: readonly Pick<WaveFacts, 'n' | 'state'>[]): { readonly pass: readonly number[]; readonly open: number | undefined } {
  const standing = waves.filter(stands);
  const current = waves.find(({ state }) => state === 'active' || state === 'soaking');
  const pass = standing.length > 0 ? standing : current ? [current] : [];
  const next = waves.find((wave) => wave.state !== 'passed' && !pass.includes(wave));
  return { pass: pass.map(({ n }) => n), open: next?.state === 'pending' ? next.n : undefined };
}

/** Which failed waves are active again once something changed in them: none, while one of them is still broken. */
export function wavesHealed(waves: readonly WaveFacts[]): readonly number[] {
  const standing = waves.filter(stands);
  return standing.some(isBroken) ? [] : standing.map(({ n }) => n);
}

function countOf(devices: number | undefined): string {
  return devices === 1 ? '1 device' : `${devices ?? 0} devices`;
}
