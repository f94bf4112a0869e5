import type { ReactNode } from 'react';
import type { DeploymentState, DeviceDetail } from '@pier/shared/api';
import { Empty, StateMark } from '../../parts/index.ts';
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

export function Desired({ device }: { device: DeviceDetail }): ReactNode {
  if (device.apps.length === 0) return <Empty says="No app is wanted here, and none runs." />;
  const { reported, rev } = device;
  const refused = reported?.desiredRefused;
  return (
    <>
      <div className="table-scroll">
        <table className="table">
          <thead><tr><th>App</th><th>Wanted</th><th>Runs</th><th>State</th></tr></thead>
          <tbody>
            {device.apps.map((app) => {
              const state = appState(app, device);
              return (
                <tr key={app.app}>
                  <td className="strong">{app.app}</td>
                  <td>{app.wanted ?? '–'}</td>
                  <td>{app.version ?? '–'}</td>
                  <td>{state ? <StateMark state={state} /> : <span className="dim">nothing told</span>}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <p className="small dim">{reported === null ? 'The device has not reported yet.' : reported.rev === rev ? 'The device has taken up the newest document of what it should run.' : 'The device has not taken up the newest document of what it should run.'}</p>
      {refused && <p className="note f-refused small">{refused.reason} <code>{refused.code}</code></p>}
    </>
  );
}
