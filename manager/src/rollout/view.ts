import { AppName, Digest, Version, isoTime } from '@pier/shared/core';
import { type Rollout, RolloutState, WaveState } from '@pier/shared/api';
import type { Db } from '../db/index.ts';
import { type Shown, countsOf, wavesOf } from './store.ts';

/** Rollouts as the API shows them, in the order given. */
export async function showRollouts(db: Db, shown: readonly Shown[]): Promise<Rollout[]> {
  const ids = shown.map(({ rollout }) => rollout.id);
  const [counts, waves] = [await countsOf(db, ids), await wavesOf(db, ids)];
  return shown.map(({ rollout, release }) => ({
    id: rollout.id,
    release: release.id,
    app: AppName.parse(rollout.app),
    version: Version.parse(release.version),
    digest: Digest.parse(release.digest),
    state: RolloutState.parse(rollout.state),
    reason: rollout.reasonCode === null ? null : { code: rollout.reasonCode, reason: rollout.reasonText ?? '' },
    soakS: rollout.soakS,
    waves: waves
      .filter((wave) => wave.rolloutId === rollout.id)
      .map(({ n, state, total }) => ({ n, state: WaveState.parse(state), total, counts: counts.get(rollout.id)?.get(n) ?? {} })),
    createdBy: rollout.createdBy,
    createdAt: isoTime(rollout.createdAt.getTime()),
    finishedAt: rollout.finishedAt && isoTime(rollout.finishedAt.getTime()),
  }));
}
