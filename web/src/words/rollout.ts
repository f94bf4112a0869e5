/** How far a rollout is, in words and counts that add up. */
import type { DeploymentState, Rollout, WaveView } from '@pier/shared/api';
import { count } from './format.ts';
import { type Part, type StateWords, deploymentParts, pauseWords, rolloutWords } from './states.ts';

/** A rollout as people call it. */
export function rolloutTitle({ app, version }: Pick<Rollout, 'app' | 'version'>): string {
  return `${app} ${version}`;
}

/** So many devices that are not proven, and which state their deployments are in. */
export type GapPiece = { readonly count: number; readonly says: string; readonly deployment: DeploymentState };
export type Gap = { readonly proven: number; readonly total: number; readonly parts: readonly Part[]; readonly pieces: readonly GapPiece[]; /** `gap: 3 in waves not open, 2 soaking`; '' where nothing is missing. */ readonly words: string; /** What the parts miss to the total: 0 as it must be. */ readonly off: number };

/** How far a rollout is over all its waves, and what the rest does instead, in counts that add up. */
export function gapOf({ state, waves }: Pick<Rollout, 'state' | 'waves'>): Gap {
  const counts: Partial<WaveView['counts']> = {};
  for (const wave of waves) for (const [key, n] of Object.entries(wave.counts) as [keyof WaveView['counts'], number][]) counts[key] = (counts[key] ?? 0) + n;
  const absent = waves.reduce((sum, wave) => sum + wave.absent, 0);
  const total = waves.reduce((sum, wave) => sum + wave.total, 0);
  const shut = waves.filter((wave) => wave.state === 'pending').reduce((sum, wave) => sum + Math.max(0, (wave.counts.waiting ?? 0) - wave.absent), 0);
  const parts = deploymentParts(counts, absent);
  const pieces = parts.flatMap(({ key, word, count: n }): GapPiece[] => {
    if (key === 'proven') return [];
    const piece = (of: number, says: string, deployment: DeploymentState = 'waiting'): GapPiece[] => (of === 0 ? [] : [{ count: of, says, deployment }]);
    if (key === 'absent') return piece(n, 'away or held up');
    if (key !== 'waiting') return piece(n, word.toLowerCase(), key as DeploymentState);
    if (state === 'awaiting_approval') return piece(n, 'waiting for approval');
    const closed = Math.min(shut, n);
    return [...piece(closed, 'in waves not open'), ...piece(n - closed, 'waiting')];
  });
  const words = pieces.map(({ count: n, says }) => `${count(n)} ${says}`);
  return { proven: counts.proven ?? 0, total, parts, pieces, words: words.length === 0 ? '' : `gap: ${words.join(', ')}`, off: total - parts.reduce((sum, part) => sum + part.count, 0) };
}

const leftOut = ['excluded', 'cancelled', 'superseded'] as const satisfies readonly DeploymentState[];

/** The open wave in which no device is left that could prove it: it stays open until a person advances past it, or aborts. */
export function desertedWave({ state, waves }: Pick<Rollout, 'state' | 'waves'>): WaveView | undefined {
  const open = state === 'running' ? waves.find((wave) => wave.state !== 'passed') : undefined;
  if (open === undefined || open.total === 0) return undefined;
  return leftOut.reduce((sum, one) => sum + (open.counts[one] ?? 0), 0) === open.total ? open : undefined;
}

/** `Running, wave 2 of 3`, `Paused by its gate`: the words of its state, with what is known besides. */
export function rolloutState({ state, cause, waves }: Pick<Rollout, 'state' | 'cause' | 'waves'>): { readonly state: StateWords; readonly says: string } {
  const words = rolloutWords[state];
  const at = waves.find((wave) => wave.state !== 'passed')?.n ?? waves.length;
  if (state === 'paused' && cause !== null) return { state: words, says: pauseWords[cause] };
  return { state: words, says: state === 'running' ? `${words.word}, wave ${at} of ${waves.length}` : words.word };
}
