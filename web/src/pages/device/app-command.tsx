import { NativeSelect } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { DeviceDetail, UiVerb } from '@pier/shared/api';
import { useAct } from '../../api/index.ts';
import { ActDialog, Command } from '../../parts/index.ts';
import { type LineRow, boardOf, lineRows } from './facts.ts';
import { useReleases } from './use-device.ts';

export const verbWords = {
  'app.restart': { act: 'Restart', does: 'Its guest is stopped and started again, the same release. State that it did not keep in a file is gone.' },
  'app.stop': { act: 'Stop', does: 'Its guest is stopped, and stays so for a day at most: until it is started, or given something new to run. Meanwhile rollouts see it as held by a person.' },
  'app.start': { act: 'Start', does: 'Its guest is started again; a stop, or a release that was deployed by hand, is over.' },
} as const satisfies Record<UiVerb, { readonly act: string; readonly does: string }>;

type Props = { readonly device: DeviceDetail; readonly verb: UiVerb; readonly first: string | undefined; readonly onClose: () => void };

/** Says what happens to the app and to its outputs, and sends the command under the manager's key. */
export function AppCommandDialog({ device, verb, first, onClose }: Props): ReactNode {
  const apps = appsOf(device);
  const [app = '', setApp] = useState(first ?? apps[0]);
  const command = useAct('commandApp');
  const releases = useReleases(device);
  const { act, does } = verbWords[verb];
  const running = device.reported?.apps[app as keyof typeof device.reported.apps]?.running;
  const outputs = lineRows(device, boardOf(device.profile), { pins: [], releases }).filter((row) => row.app === app && row.direction === 'out');
  return (
    <ActDialog
      title={`${act} ${app} on ${device.name}`}
      sub={does}
      act={`${act} ${app}`}
      off={app === '' ? 'No app is on this device.' : device.online ? undefined : 'The device is offline: a command reaches it only while it is online.'}
      onClose={onClose}
      onAct={(said) => command.mutateAsync({ params: { device: device.id }, body: { verb, app, ...said } })}
    >
      {apps.length > 1 && <NativeSelect label="App" data={apps} value={app} onChange={({ currentTarget }) => setApp(currentTarget.value)} mb={12} />}
      <table className="table">
        <tbody>
          <tr><td>Runs now</td><td>{running ? `${running.version}, restarted ${running.restarts} times so far` : 'nothing'}</td></tr>
          {verb !== 'app.start' && <tr><td>Its outputs</td><td><Outputs rows={outputs} /></td></tr>}
          <tr><td>The answer</td><td>stands under the head of this page, as the device gives it</td></tr>
        </tbody>
      </table>
      <p className="small dim">The same from a shell, with your own key:</p>
      <Command text={`./pier cmd ${device.id} ${verb} app=${app}`} />
    </ActDialog>
  );
}

export function appsOf({ apps }: Pick<DeviceDetail, 'apps'>): string[] {
  return apps.map(({ app }) => app);
}

function Outputs({ rows }: { rows: readonly LineRow[] }): ReactNode {
  if (rows.length === 0) return 'none';
  return (
    <>
      go to their safe state while it does not run:
      <ul>{rows.map(({ label, name, safe }) => <li key={label}><b>{label}</b> {name} <span className="dim">→ {safe ?? 'not known'}</span></li>)}</ul>
    </>
  );
}
