import type { ReactNode } from 'react';
import type { DeviceDetail } from '@pier/shared/api';
import { Empty, StateMark, TableScroll } from '../../parts/index.ts';
import { counted } from '../../words/index.ts';
import { appState } from './app-state.ts';

export function Desired({ device }: { device: DeviceDetail }): ReactNode {
  if (device.apps.length === 0) return <Empty says="No app is wanted here, and none runs." />;
  const { reported, rev } = device;
  const { desiredRefused: refused, disk, dropped = {} } = reported ?? {};
  const lost = Object.values(dropped).reduce((sum, one) => sum + one, 0);
  return (
    <>
      <TableScroll>
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
      </TableScroll>
      <p className="small dim">{reported === null ? 'The device has not reported yet.' : reported.rev >= rev ? 'The device has taken up the newest document of what it should run.' : 'When it last reported, the device had not taken up the newest document of what it should run yet.'}</p>
      {[refused, disk].map((trouble) => trouble && <p key={trouble.code} className="note f-refused small">{trouble.reason} <code>{trouble.code}</code></p>)}
      {lost > 0 && <p className="small dim">While it was away it had to let go of {counted(lost, 'message')}, the oldest first.</p>}
    </>
  );
}
