/** How a rollout is shown in a terminal: pure, so that what a person sees can be tested. */
import type { DeploymentState, Rollout, WaveView } from '@pier/shared/api';

const barWidth = 30;
const bad: readonly DeploymentState[] = ['failed', 'refused', 'timed_out', 'rollback_failed'];
const done: readonly DeploymentState[] = ['proven', 'rolled_back'];
const order: readonly DeploymentState[] = [
  'proven', 'rolled_back', 'soaking', 'applying', 'verifying', 'downloading', 'accepted', 'offered', 'rolling_back', 'waiting',
  'failed', 'refused', 'timed_out', 'rollback_failed', 'excluded', 'cancelled', 'superseded',
];

const sumOf = (counts: WaveView['counts'], states: readonly DeploymentState[]): number => states.reduce((sum, state) => sum + (counts[state] ?? 0), 0);

/** `#` proven, `!` ended badly, `=` at work or finished otherwise, `.` still to come. Each kind that has somebody has a cell. */
export function bar(wave: Pick<WaveView, 'counts' | 'total'>): string {
  const good = sumOf(wave.counts, done);
  const failed = sumOf(wave.counts, bad);
  const waiting = sumOf(wave.counts, ['waiting']);
  const cells = (count: number): number => (count === 0 ? 0 : Math.max(1, Math.floor((count / Math.max(1, wave.total)) * barWidth)));
  const [a, b, d] = [cells(good), cells(failed), cells(waiting)];
  const c = Math.max(0, barWidth - a - b - d);
  const work = wave.total - good - failed - waiting;
  return ('#'.repeat(a) + '!'.repeat(b) + (work > 0 ? '=' : waiting > 0 ? '.' : '#').repeat(c) + '.'.repeat(d)).slice(0, barWidth).padEnd(barWidth, '.');
}

export function countsSentence({ counts, absent }: Pick<WaveView, 'counts' | 'absent'>): string {
  const parts = order.flatMap((state) => ((counts[state] ?? 0) > 0 ? [`${counts[state]} ${state.replace('_', ' ')}`] : []));
  return parts.join(', ') + (absent > 0 ? ` (${absent} of them away or not allowed yet)` : '');
}

export function headline(rollout: Rollout): string {
  const cause = rollout.cause === null ? '' : ` by ${rollout.cause}`;
  const why = rollout.reason === null ? '' : ` (${rollout.reason.code}: ${rollout.reason.reason})`;
  return `rollout ${rollout.id} ${rollout.app} ${rollout.version} ${rollout.state.replace('_', ' ')}${cause}${why}`;
}

/** One line a wave, under the headline. */
export function picture(rollout: Rollout): string[] {
  const width = String(rollout.waves.length).length;
  return [headline(rollout), ...rollout.waves.map((wave) => `  wave ${String(wave.n).padStart(width)} ${wave.state.padEnd(8)} [${bar(wave)}] ${countsSentence(wave)}`)];
}

/** The whole of it in one line, for a log. */
export function oneLine(rollout: Rollout): string {
  return [headline(rollout), ...rollout.waves.map((wave) => `wave ${wave.n} ${wave.state}: ${countsSentence(wave) || 'nobody'}`)].join('; ');
}

/** What `watch` makes of a rollout: over well, over badly, or not over. A pause by an operator is waited out, he will go on. */
export function verdictOf(rollout: Pick<Rollout, 'state' | 'cause'>): 'well' | 'badly' | 'open' {
  if (rollout.state === 'completed') return 'well';
  if (rollout.state === 'paused') return rollout.cause === 'operator' ? 'open' : 'badly';
  return ['aborted', 'denied', 'rolled_back'].includes(rollout.state) ? 'badly' : 'open';
}
