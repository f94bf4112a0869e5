import { NativeSelect, NumberInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { DeviceDetail } from '@pier/shared/api';
import { useAct, useAnswer } from '../../api/index.ts';
import { ActDialog, Answered, Command } from '../../parts/index.ts';
import { releaseWords } from '../../words/index.ts';

type Props = { readonly device: DeviceDetail; readonly onClose: () => void };
const remove = 'none';

/** A release for this device alone; rollouts of the app then leave it alone until it is given back. */
export function AssignDialog({ device, first, onClose }: Props & { first: string | undefined }): ReactNode {
  const releases = useAnswer('listReleases', { query: { limit: 200 } });
  const assign = useAct('assignApp');
  const [app, setApp] = useState(first);
  const [picked, setPicked] = useState('');
  const [soakS, setSoakS] = useState(60);
  const apps = [...new Set([...device.apps.map((one) => one.app), ...(releases.data?.items ?? []).map((one) => one.app)])].toSorted();
  const chosen = app ?? apps[0] ?? '';
  const now = device.assignments.find((one) => one.app === chosen);
  const release = releases.data?.items.find(({ id }) => id === picked);
  const offered = (releases.data?.items ?? []).filter((one) => one.app === chosen && one.state === 'verified');
  const left = (releases.data?.items ?? []).filter((one) => one.app === chosen && one.state !== 'verified');
  const act = picked === remove ? `Remove ${chosen} from 1 device` : `Assign ${chosen} ${release?.version ?? ''} to 1 device`;
  return (
    <ActDialog
      title={`Assign by hand on ${device.name}`}
      sub="What is under way for this app on this device is superseded. Later rollouts of the app leave the device alone until you give it back."
      act={picked === '' ? 'Assign' : act}
      off={picked === '' ? 'Pick a release.' : picked === now?.release ? 'It is assigned already.' : undefined}
      onClose={onClose}
      onAct={(said) => assign.mutateAsync({ params: { device: device.id, app: chosen }, body: { release: picked === remove ? null : picked, soakS, ...said } })}
    >
      <Answered of={releases} what="the releases">
        {() => (
          <div className="device-fields">
            <NativeSelect label="App" data={apps} value={chosen} onChange={({ currentTarget }) => { setApp(currentTarget.value); setPicked(''); }} />
            <NativeSelect
              label={`Release (assigned now: ${now ? `${now.version}${now.byHand ? ', by hand' : ''}` : 'none'})`}
              data={[{ value: '', label: 'Pick one' }, ...offered.map(({ id, version, counter }) => ({ value: id, label: `${version} (counter ${counter})` })), { value: remove, label: 'None: remove the app' }]}
              value={picked}
              onChange={({ currentTarget }) => setPicked(currentTarget.value)}
            />
            {left.length > 0 && <p className="small dim">Not to be picked: {left.map(({ version, state }) => `${version} (${releaseWords[state].word.toLowerCase()})`).join(', ')}.</p>}
            <NumberInput label="Soak, in seconds: so long it must run well until it is proven" value={soakS} min={0} max={604_800} onChange={(value) => setSoakS(Number(value) || 0)} />
            {release && <NewRights id={release.id} from={now?.release} />}
            {picked !== '' && <Command text={`./pier device assign ${device.id} ${chosen} ${picked}`} />}
          </div>
        )}
      </Answered>
    </ActDialog>
  );
}

function NewRights({ id, from }: { id: string; from: string | undefined }): ReactNode {
  const difference = useAnswer('compareRelease', { params: { id }, query: { from: from ?? id } }, { enabled: from !== undefined && from !== id });
  if (from === undefined || from === id || difference.data === undefined) return null;
  const { added, changed, removed } = difference.data;
  if (added.length + changed.length + removed.length === 0) return <p className="small soft">It may do what the assigned one may, nothing more.</p>;
  return (
    <ul className="device-words small">
      {added.map((words) => <li key={words}><b>New:</b> {words}</li>)}
      {changed.map(({ before, after }) => <li key={after}><b>Now:</b> {after} <span className="dim">(before: {before})</span></li>)}
      {removed.map((words) => <li key={words}><b>No longer:</b> {words}</li>)}
    </ul>
  );
}

export function GiveBackDialog({ device, app, onClose }: Props & { app: string }): ReactNode {
  const giveBack = useAct('releaseApp');
  const now = device.assignments.find((one) => one.app === app);
  return (
    <ActDialog
      title={`Give ${app} on ${device.name} back to the rollouts`}
      sub={`It goes on running ${now?.version ?? 'what it runs'}. The next rollout that has this device may change it.`}
      act={`Give ${app} back`}
      asksWhy={false}
      onClose={onClose}
      onAct={() => giveBack.mutateAsync({ params: { device: device.id, app } })}
    >
      <Command text={`./pier device release ${device.id} ${app}`} />
    </ActDialog>
  );
}
