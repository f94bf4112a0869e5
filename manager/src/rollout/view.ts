import { AppName, Digest, Version, isoTime } from '@pier/shared/core';
import type { Rollout, WaveView } from '@pier/shared/api';
import type { Db } from '../db/index.ts';
import { judgeWave } from './rules/index.ts';
import type { Shown } from './store.ts';
import { type WaveRow, wavesOf, wordsOf } from './waves.ts';

/** Rollouts as the API shows them, in the order given. */
export async function showRollouts(db: Db, shown: readonly Shown[]): Promise<Rollout[]> {
  const waves = await wavesOf(db, shown.map(({ rollout }) => rollout.id));
  return shown.map((one) => showRollout(one, waves.get(one.rollout.id) ?? []));
}

function showRollout({ rollout, release }: Shown, waves: readonly WaveRow[]): Rollout {
  const { id, name, selector, soakS, deadlineS, maxInFlight, horizonS, revision, createdBy, decidedBy } = rollout;
  return {
    id, name, selector, soakS, deadlineS, maxInFlight, horizonS, revision, createdBy, decidedBy,
    ...wordsOf(rollout),
    release: release.id,
    app: AppName.parse(rollout.app),
    version: Version.parse(release.version),
    digest: Digest.parse(release.digest),
    reason: reasonOf({ rollout, release }, waves),
    waves: waves.map(showWave),
    createdAt: isoTime(rollout.createdAt.getTime()),
    finishedAt: timeOf(rollout.finishedAt),
  };
}

/** What a running rollout waits for is worked out, not stored: it changes with every report. */
function reasonOf({ rollout }: Shown, waves: readonly WaveRow[]): Rollout['reason'] {
  if (rollout.reasonCode !== null) return { code: rollout.reasonCode, reason: rollout.reasonText ?? '' };
  if (rollout.state !== 'running') return null;
  const current = waves.find(({ state }) => state !== 'passed');
  if (!current) return null;
  if (current.state === 'pending') return { code: 'wave.manual', reason: `wave ${current.n} opens by the verb advance` };
  const { reason } = judgeWave(current.counts, current.absent, current.plan.gate);
  return { code: reason.code, reason: `wave ${current.n}: ${reason.reason}` };
}

function showWave({ n, state, plan, counts, absent, openedAt, passedAt }: WaveRow): WaveView {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return { n, state, plan, total, counts, absent, openedAt: timeOf(openedAt), passedAt: timeOf(passedAt) };
}

function timeOf(time: Date | null): string | null {
  return time && isoTime(time.getTime());
}
