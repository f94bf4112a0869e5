/**
 * What the gate of a wave says now, and what would change it. The arithmetic is the manager's own, in docs/rollouts.md: shares
 * are of the wave's devices without those that were left out; absent ones are counted apart; failures count from a sample on.
 */
import type { DeploymentState, WaveView } from '@pier/shared/api';
import { count, share } from '../words/index.ts';

type Judged = Pick<WaveView, 'counts' | 'absent'> & { readonly plan: Pick<WaveView['plan'], 'gate'> };

const badEnds = ['failed', 'refused', 'timed_out'] as const satisfies readonly DeploymentState[];
const leftOut = ['excluded', 'cancelled', 'superseded'] as const satisfies readonly DeploymentState[];

export type Tally = { readonly total: number; readonly counted: number; readonly present: number; readonly proven: number; readonly bad: number; readonly finished: number };

export type GateReading = {
  readonly kind: 'proven' | 'failed' | 'present';
  readonly title: string;
  readonly part: number;
  readonly whole: number;
  /** Where value and limit stand on the meter's own scale, 0 to 1. */
  readonly fill: number;
  readonly mark: number;
  readonly verdict: 'met' | 'open' | 'broken';
  /** Of how many the share is. */
  readonly sample: string;
  /** What would decide it; undefined where nothing more is to be said. */
  readonly next: string | undefined;
};

export function tallyOf({ counts, absent }: Pick<Judged, 'counts' | 'absent'>): Tally {
  const sum = (states: readonly DeploymentState[]): number => states.reduce((all, state) => all + (counts[state] ?? 0), 0);
  const total = Object.values(counts).reduce((all, n) => all + n, 0);
  const [counted, bad, proven] = [total - sum(leftOut), sum(badEnds), counts.proven ?? 0];
  return { total, counted, present: counted - absent, proven, bad, finished: bad + proven };
}

const percentOf = (part: number, of: number): number => (of === 0 ? 0 : (part * 100) / of);
const limit = (percent: number): string => `${Math.round(percent * 10) / 10} %`;
const within = (ratio: number): number => Math.min(1, Math.max(0, ratio));

/** How many more have to be proven, those that are present taken as they are; 0 when they are enough. */
export function provenNeeded({ proven, present }: Tally, successPercent: number): number {
  let need = proven > 0 ? 0 : 1;
  while (percentOf(proven + need, present) < successPercent && proven + need < present) need += 1;
  return need;
}

/** How many bad ends, one after the other and without a proof between, stop the wave; undefined when so many are not left. */
export function failuresToStop({ bad, finished, counted }: Tally, { failurePercent, failureSampleMin }: Judged['plan']['gate']): number | undefined {
  for (let more = 1; more <= counted - finished; more += 1) {
    if (finished + more >= failureSampleMin && percentOf(bad + more, finished + more) > failurePercent) return more;
  }
  return undefined;
}

/** The three meters of a wave, in the order in which they are drawn. */
export function readGate(wave: Judged): readonly GateReading[] {
  const tally = tallyOf(wave);
  return [readProven(tally, wave.plan.gate), readFailed(tally, wave.plan.gate), readPresent(tally, wave.plan.gate)];
}

type GateOf = Judged['plan']['gate'];

function readProven(tally: Tally, { successPercent }: GateOf): GateReading {
  const { proven, present, bad, finished } = tally;
  const enough = proven > 0 && percentOf(proven, present) >= successPercent;
  const broken = !enough && finished >= present && finished > 0;
  const need = provenNeeded(tally, successPercent);
  const left = present - finished;
  const best = share(present - bad, present);
  const next = enough ? 'enough' : broken ? 'too few, and none is left' : present === 0 ? 'none can take it now' : left < need ? `at most ${best} can be reached` : `needs ${count(need)} more; can still reach ${best}`;
  return { kind: 'proven', title: `Proven, at least ${limit(successPercent)}`, part: proven, whole: present, fill: within(percentOf(proven, present) / 100), mark: successPercent / 100, verdict: enough ? 'met' : broken ? 'broken' : 'open', sample: `${count(proven)} of ${count(present)} able to take it`, next };
}

/** The scale ends at twice the limit, so that a limit of 2 % can be seen; where any failure stops it, at all of them. */
function readFailed(tally: Tally, gate: GateOf): GateReading {
  const { bad, finished } = tally;
  const { failurePercent, failureSampleMin } = gate;
  const value = percentOf(bad, finished);
  const broken = finished >= failureSampleMin && value > failurePercent;
  const scale = failurePercent === 0 ? 100 : Math.min(100, failurePercent * 2);
  const small = finished < failureSampleMin ? `, looked at from ${count(failureSampleMin)} on` : '';
  const title = failurePercent === 0 ? 'Ended badly, any stops it' : failurePercent === 100 ? 'Ended badly, never stops it' : `Ended badly, stops above ${limit(failurePercent)}`;
  return { kind: 'failed', title, part: bad, whole: finished, fill: within(value / scale), mark: failurePercent / scale, verdict: broken ? 'broken' : 'met', sample: `${count(bad)} of ${count(finished)} finished${small}`, next: nextFailed(tally, gate, broken) };
}

function nextFailed(tally: Tally, gate: GateOf, broken: boolean): string | undefined {
  if (broken) return 'this stopped it';
  if (tally.counted === tally.finished) return undefined;
  const more = failuresToStop(tally, gate);
  if (more === undefined) return 'those left cannot stop it';
  return more === 1 ? '1 more stops it' : `${count(more)} more in a row stop it`;
}

function readPresent({ present, counted }: Tally, { presentPercent }: GateOf): GateReading {
  const met = present > 0 && percentOf(present, counted) >= presentPercent;
  const need = Math.max(1, Math.ceil((presentPercent * counted) / 100)) - present;
  return { kind: 'present', title: `Able to take it, at least ${limit(presentPercent)}`, part: present, whole: counted, fill: within(percentOf(present, counted) / 100), mark: presentPercent / 100, verdict: met ? 'met' : 'open', sample: `${count(present)} of ${count(counted)} not excluded`, next: met ? undefined : counted === 0 ? 'no device is left in it' : `${count(Math.max(1, need))} more ${need > 1 ? 'have' : 'has'} to be online, bound and not held` };
}
