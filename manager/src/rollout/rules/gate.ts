/** When a wave has proved itself, and when it has failed: pure, from counts alone. */
import type { DeploymentState, Gate } from '@pier/shared/api';
import type { Reason } from '@pier/shared/wire';
import { badEnds, leftOut } from './deployment.ts';

export type Counts = { readonly [S in DeploymentState]?: number };

export type Verdict = { readonly verdict: 'passed' | 'failed' | 'open'; readonly reason: Reason };

export function sumOf(counts: Counts, states: readonly DeploymentState[]): number {
  return states.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
}

export function totalOf(counts: Counts): number {
  return sumOf(counts, Object.keys(counts) as DeploymentState[]);
}

/** Those of a wave that count: without excluded, cancelled and superseded ones. */
export function countedOf(counts: Counts): number {
  return totalOf(counts) - sumOf(counts, leftOut);
}

const said = (verdict: Verdict['verdict'], code: string, reason: string): Verdict => ({ verdict, reason: { code, reason } });
const percentOf = (part: number, of: number): number => (of === 0 ? 0 : (part * 100) / of);
const shown = (percent: number): string => `${Math.round(percent * 10) / 10} %`;

/**
 * Judges a wave. `absent` are those of its waiting devices that could not be offered anything.
 * It fails by too many bad ends among enough finished ones, or when all present ones are finished and too few are proven. It
 * passes as soon as enough present ones are proven and enough are present; at least one must be. Else it is open, and says what for.
 */
export function judgeWave(counts: Counts, absent: number, gate: Gate): Verdict {
  const counted = countedOf(counts);
  if (totalOf(counts) === 0) return said('passed', 'gate.empty', 'no device is in this wave');
  if (counted === 0) return said('open', 'gate.deserted', 'no device is left in this wave, so none can prove it: advance past it, or abort');
  const [bad, proven, present] = [sumOf(counts, badEnds), counts.proven ?? 0, counted - absent];
  const finished = bad + proven;
  if (finished >= gate.failureSampleMin && percentOf(bad, finished) > gate.failurePercent) {
    return said('failed', 'gate.failures', `${bad} of ${finished} finished devices ended badly (${shown(percentOf(bad, finished))}); at most ${shown(gate.failurePercent)} may`);
  }
  const enough = proven > 0 && percentOf(proven, present) >= gate.successPercent;
  if (!enough && finished >= present && finished > 0) {
    return said('failed', 'gate.success', `${proven} of ${present} present devices are proven (${shown(percentOf(proven, present))}); ${shown(gate.successPercent)} are wanted, and at least one`);
  }
  if (present === 0 || percentOf(present, counted) < gate.presentPercent) {
    return said('open', 'gate.absent', `${present} of ${counted} devices are present (${shown(percentOf(present, counted))}); ${shown(gate.presentPercent)} are wanted, and at least one`);
  }
  if (!enough) return said('open', 'gate.proving', `${proven} of ${present} present devices are proven; ${present - finished} not finished yet`);
  return said('passed', 'gate.passed', `${proven} of ${present} present devices are proven, ${bad} ended badly, ${absent} are absent`);
}
