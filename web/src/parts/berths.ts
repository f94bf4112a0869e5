/** How the waves of a rollout are laid out along its pier: pure, so that folding and counting can be tested. */
import type { DeploymentState, RolloutState, WaveView } from '@pier/shared/api';
import { type Family, type StateWords, count, counted, waveWords } from '../words/index.ts';

/** One wave, or several that are told together. */
export type Berth = { readonly waves: readonly [WaveView, ...WaveView[]]; readonly current: boolean };

const berthsMax = 5;

/** The wave that a person looks at: the one that is open or stands at its gate; else the last that was opened, or the first. */
export function currentWave(waves: readonly WaveView[]): WaveView | undefined {
  const open = waves.find(({ state }) => state !== 'pending' && state !== 'passed');
  return open ?? waves.findLast(({ state }) => state === 'passed') ?? waves[0];
}

/** In order; of more than five waves, those that passed and those that are far from open fold into one berth each. */
export function berthsOf(waves: readonly WaveView[]): Berth[] {
  const current = currentWave(waves);
  const berths: Berth[] = [];
  for (const wave of waves) {
    const before = berths.at(-1);
    const last = before?.waves.at(-1);
    const folds = waves.length > berthsMax && wave !== current && before !== undefined && !before.current && last?.state === wave.state && (wave.state === 'passed' || wave.state === 'pending');
    if (folds) berths[berths.length - 1] = { waves: [...before.waves, wave], current: false };
    else berths.push({ waves: [wave], current: wave === current });
  }
  return berths;
}

export function berthName({ waves }: Berth): string {
  const [first, last] = [waves[0].n, waves.at(-1)?.n];
  return first === last ? `Wave ${first}` : `Waves ${first} to ${last}`;
}

/** `25 devices, 10 %`: how many, and how the plan asked for them where that says more. */
export function berthSize({ waves }: Berth): string {
  const total = waves.reduce((sum, wave) => sum + wave.total, 0);
  const [{ plan: { take } }] = waves;
  if (waves.length > 1 || take.by === 'count') return counted(total, 'device');
  return `${counted(total, 'device')}, ${take.by === 'percent' ? `${take.percent} %` : take.by === 'rest' ? 'the rest' : take.selector}`;
}

export type Counter = { readonly key: string; readonly word: string; readonly family: Family; readonly states: readonly DeploymentState[]; readonly count: number };

const groups = [
  { key: 'proven', word: 'Proven', family: 'ok', states: ['proven'], always: true },
  { key: 'soaking', word: 'Soaking', family: 'soaking', states: ['soaking'], always: true },
  { key: 'updating', word: 'Updating', family: 'busy', states: ['accepted', 'downloading', 'verifying', 'applying'], always: true },
  { key: 'waiting', word: 'Waiting', family: 'waiting', states: ['waiting', 'offered'], always: true },
  { key: 'absent', word: 'Away or held up', family: 'offline', states: [], always: true },
  { key: 'excluded', word: 'Left out', family: 'excluded', states: ['excluded', 'cancelled', 'superseded'], always: false },
  { key: 'undoing', word: 'On the way back', family: 'undone', states: ['rolling_back'], always: false },
  { key: 'undone', word: 'Rolled back', family: 'undone', states: ['rolled_back'], always: false },
  { key: 'refused', word: 'Refused', family: 'refused', states: ['refused'], always: true },
  { key: 'failed', word: 'Failed', family: 'failed', states: ['failed', 'timed_out', 'rollback_failed'], always: true },
] as const satisfies readonly (Omit<Counter, 'count'> & { readonly always: boolean })[];

/** Every device of these waves under one word; what nobody has stays as a zero where it could come. Absent ones are taken out of the waiting ones. */
export function countersOf(waves: readonly Pick<WaveView, 'counts' | 'absent'>[]): Counter[] {
  const absent = waves.reduce((sum, wave) => sum + wave.absent, 0);
  return groups.flatMap(({ always, ...group }) => {
    const own = waves.reduce((sum, { counts }) => sum + group.states.reduce((all, state) => all + (counts[state] ?? 0), 0), 0);
    const n = group.key === 'absent' ? absent : group.key === 'waiting' ? own - absent : own;
    return always || n > 0 ? [{ ...group, count: n }] : [];
  });
}

/** How a berth stands, in one mark. A wave that was never opened in a rollout that is over is not "not open yet". */
export function berthState({ waves: [{ state }] }: Berth, rollout: RolloutState): { readonly state: StateWords; readonly says?: string } {
  const over = rollout === 'denied' || rollout === 'aborted' || rollout === 'aborting' || rollout === 'rolling_back' || rollout === 'rolled_back';
  if (state === 'pending' && over) return { state: { ...waveWords.pending, family: 'offline', icon: 'square' }, says: 'Never opened' };
  if (over && (state === 'active' || state === 'soaking')) return { state: { word: 'Ended', family: 'offline', icon: 'square', note: 'the rollout ended first' } };
  if (state === 'passed' && (rollout === 'rolling_back' || rollout === 'rolled_back')) return { state: { ...waveWords.passed, family: 'undone', icon: 'back' }, says: 'Had passed' };
  if (state === 'active' && rollout === 'paused') return { state: waveWords.active, says: 'Open, paused' };
  return { state: waveWords[state] };
}

/** One line under the mark of a wave that is not the one looked at. */
export function berthNote(berth: Berth, before: WaveView | undefined, rollout: RolloutState): string {
  const [first] = berth.waves;
  if (first.state !== 'pending') {
    const [proven, absent] = [berth.waves.reduce((sum, { counts }) => sum + (counts.proven ?? 0), 0), berth.waves.reduce((sum, wave) => sum + wave.absent, 0)];
    const total = berth.waves.reduce((sum, wave) => sum + wave.total, 0);
    return `${count(proven)} of ${count(total)} proven${absent > 0 ? `, ${count(absent)} away or held up` : ''}`;
  }
  if (rollout !== 'running' && rollout !== 'paused' && rollout !== 'awaiting_approval') return 'the rollout ended before';
  if (before === undefined) return rollout === 'awaiting_approval' ? 'opens once it is approved' : 'opens now';
  return before.plan.advance === 'manual' ? `a person opens it after gate ${before.n}` : `opens by itself when gate ${before.n} passes`;
}
