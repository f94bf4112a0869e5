import { Button, Checkbox } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { count, deploymentWords } from '../../words/index.ts';
import type { Group } from './deployments.ts';

const listedMax = 100;

type Props = { readonly groups: readonly Group[]; readonly chosen: ReadonlySet<string>; readonly onChoose: (next: ReadonlySet<string>) => void; readonly cut: boolean };

/** Devices to name in a verb: by group, or one by one within it. */
export function Choice({ groups, chosen, onChoose, cut }: Props): ReactNode {
  const set = (devices: readonly string[], on: boolean): void => {
    const next = new Set(chosen);
    for (const device of devices) if (on) next.add(device);
    else next.delete(device);
    onChoose(next);
  };
  return (
    <fieldset className="rollout-choice">
      <legend className="strong">Which devices</legend>
      {groups.length === 0 && <p className="dim">There is none that this could be done to.</p>}
      <ul>{groups.map((group) => <GroupChoice key={group.key} group={group} chosen={chosen} set={set} />)}</ul>
      {cut && <p className="small dim">The first 500 of each state; the others can be named once these are done.</p>}
    </fieldset>
  );
}

function GroupChoice({ group: { state, code, says, devices }, chosen, set }: { group: Group; chosen: ReadonlySet<string>; set: (devices: readonly string[], on: boolean) => void }): ReactNode {
  const [open, setOpen] = useState(false);
  const n = devices.filter((device) => chosen.has(device)).length;
  const label = <>{count(devices.length)} {deploymentWords[state].word.toLowerCase()} <code className="dim">{code}</code> <span className="small dim">{says}</span></>;
  return (
    <li>
      <div className="rollout-choice-group">
        <Checkbox checked={n === devices.length} indeterminate={n > 0 && n < devices.length} onChange={({ currentTarget }) => set(devices, currentTarget.checked)} label={label} />
        <Button variant="plain" data-size="compact" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? 'Close' : `One by one`}<span className="sr-only"> of {code}</span></Button>
      </div>
      {open && (
        <ul className="rollout-choice-devices">
          {devices.slice(0, listedMax).map((device) => <li key={device}><Checkbox checked={chosen.has(device)} onChange={({ currentTarget }) => set([device], currentTarget.checked)} label={device} /></li>)}
          {devices.length > listedMax && <li className="small dim">and {count(devices.length - listedMax)} more</li>}
        </ul>
      )}
    </li>
  );
}
