import type { DeploymentState, DeviceDetail } from '@pier/shared/api';
import { type StateWords, deploymentWords, standingWords } from '../../words/index.ts';

type App = DeviceDetail['apps'][number];
const bad: readonly string[] = ['failed', 'refused', 'timed_out', 'rollback_failed'] satisfies readonly DeploymentState[];

/** How one app stands, in the words of a deployment: a hold by a person before all else, then how the newest deployment ended badly. */
export function appState({ app, state, hold, version, wanted }: App, { deployments }: Pick<DeviceDetail, 'deployments'>): StateWords | undefined {
  if (hold !== null) return { ...standingWords.held, word: hold === 'stopped' ? 'Stopped by hand' : 'Deployed by hand' };
  const newest = deployments.find((one) => one.app === app);
  if (newest && bad.includes(newest.state)) return deploymentWords[newest.state];
  if (state === null) return version === null && wanted !== null ? standingWords.waiting : undefined;
  // What has proved itself is not what is wanted by now: its turn has not come.
  if (state === 'proven') return wanted === null || version === wanted ? standingWords.in_step : standingWords.waiting;
  return deploymentWords[state];
}
