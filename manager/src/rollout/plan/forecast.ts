import type { Forecast, RolloutPlan } from '@pier/shared/api';
import { DeviceId } from '@pier/shared/core';
import { type RolloutDeps, readPlan } from '../create.ts';
import type { Group } from './pick.ts';
import { planRollout, waitersOf } from './plan.ts';
import { candidatesOf } from './store.ts';

/** What a rollout would do if it were started now; starts nothing. Faults: as of `createRollout`. */
export async function forecastRollout(deps: Pick<RolloutDeps, 'db' | 'releases' | 'policies'>, plan: RolloutPlan): Promise<Forecast> {
  const { release, policy, where } = await readPlan(deps, plan);
  const selected = { plan, release, policy, ...(await candidatesOf(deps.db, { where, app: release.app, digest: release.digest })) };
  const planned = planRollout(selected);
  const { taken, waves, leftOut, approval } = planned;
  return {
    app: release.app,
    version: release.version,
    devices: taken.length,
    online: taken.filter((one) => one.online).length,
    waves: waves.map((one, index) => ({ n: index + 1, devices: one.devices.length })),
    bytes: release.sizeBytes * taken.filter((one) => !one.hasArtifact).length,
    leftOut: leftOut.map(named),
    wouldWait: waitersOf(selected, planned).map(named),
    needsApproval: approval,
  };
}

function named({ devices, ...group }: Group): Forecast['leftOut'][number] {
  return { ...group, devices: devices.map((id) => DeviceId.parse(id)) };
}
