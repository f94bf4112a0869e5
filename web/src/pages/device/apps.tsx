import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { DeviceDetail } from '@pier/shared/api';
import { useWhyNot } from '../../api/index.ts';
import { ActButton, Empty, Id, Region, StateMark, TableScroll } from '../../parts/index.ts';
import { deploymentWords, duration } from '../../words/index.ts';
import { appState } from './app-state.ts';
import { bindingWords } from './binding-draft.ts';
import type { Open } from './dialogs.tsx';
import { boardOf } from './facts.ts';

type Props = { readonly device: DeviceDetail; readonly onOpen: Open };
const of = <T,>(all: Readonly<Record<string, T>> | undefined, app: string): T | undefined => Object.entries(all ?? {}).find(([one]) => one === app)?.[1];

/** Each app with what it runs, what it may do in plain words, and to what its labels are bound. */
export function Apps({ device, onOpen }: Props): ReactNode {
  const names = [...new Set([...device.apps.map(({ app }) => String(app)), ...Object.keys(device.bindings)])];
  const off = useWhyNot('operator');
  if (names.length === 0) return <div className="region"><Empty says="No app is wanted here, and none runs." more="A rollout brings one, or a person assigns one by hand."><ActButton off={off} onClick={() => onOpen({ kind: 'assign' })}>Assign by hand…</ActButton></Empty></div>;
  return <>{names.map((app) => <App key={app} app={app} device={device} onOpen={onOpen} />)}</>;
}

function App({ app, device, onOpen }: Props & { app: string }): ReactNode {
  const role = useWhyNot('operator');
  const off = role ?? (device.state === 'active' ? undefined : 'Only for a device that is let in.');
  const told = device.apps.find((one) => one.app === app);
  const state = told && appState(told, device);
  const byHand = device.assignments.find((one) => one.app === app)?.byHand ?? false;
  return (
    <Region
      className="device-app"
      title={`${app} ${told?.version ?? ''}`}
      note={state && <StateMark state={state} />}
      acts={
        <span className="act">
          {byHand && <ActButton compact off={off} offQuiet onClick={() => onOpen({ kind: 'give-back', app })}>Give back…</ActButton>}
          <ActButton compact off={off} offQuiet onClick={() => onOpen({ kind: 'assign', app })}>Assign by hand…</ActButton>
          <ActButton compact off={off} onClick={() => onOpen({ kind: 'bindings', app })}>Bindings…</ActButton>
        </span>
      }
    >
      <div className="device-app-columns">
        <div>
          <Running app={app} device={device} />
          <Bound app={app} device={device} />
        </div>
        <Permissions app={app} device={device} />
      </div>
    </Region>
  );
}

function Running({ app, device }: { app: string; device: DeviceDetail }): ReactNode {
  const assigned = device.assignments.find((one) => one.app === app);
  const reported = of(device.reported?.apps, app);
  const newest = device.deployments.find((one) => one.app === app);
  const hold = reported?.hold;
  return (
    <dl className="device-facts">
      <dt>Assigned</dt>
      <dd>{assigned ? <><Link href={`/releases/${assigned.release}`}>{assigned.version}</Link>, attempt {assigned.attempt}, by {assigned.byHand ? `${assigned.setBy} by hand` : assigned.setBy.startsWith('rollout:') ? <Link href={`/rollouts/${assigned.setBy.slice(8)}`}>a rollout</Link> : assigned.setBy}</> : 'nothing'}</dd>
      {assigned && <><dt>Digest</dt><dd><Id id={assigned.digest} /></dd></>}
      <dt>Runs</dt>
      <dd>{reported?.running ? `${reported.running.version}, restarted ${reported.running.restarts} times` : 'nothing'}</dd>
      {newest && <><dt>Newest deployment</dt><dd><Link href={`/rollouts/${newest.rollout}`}>wave {newest.wave}</Link> <StateMark state={deploymentWords[newest.state]} />{newest.reason && <span className="soft"> {newest.reason.reason} <code>{newest.reason.code}</code></span>}</dd></>}
      {reported?.lastGood && <><dt>Last good</dt><dd>{reported.lastGood.version}</dd></>}
      {reported?.previousGood && <><dt>Good before it</dt><dd>{reported.previousGood.version}</dd></>}
      {reported?.lastEnd && <><dt>Last end</dt><dd>{reported.lastEnd.reason} <code>{reported.lastEnd.code}</code>, outputs safe after {duration(reported.lastEnd.safeMs)}</dd></>}
      {hold && <><dt>Held</dt><dd>{hold.kind === 'stopped' ? 'stopped' : 'another release deployed'} by {hold.by}, for {duration(hold.forS * 1_000)} at most</dd></>}
    </dl>
  );
}

function Bound({ app, device }: { app: string; device: DeviceDetail }): ReactNode {
  const bindings = Object.entries(of(device.bindings, app) ?? {});
  const board = boardOf(device.profile);
  if (bindings.length === 0) return <p className="dim device-unbound">No label is bound.</p>;
  return (
    <TableScroll>
      <table className="table">
        <thead><tr><th>Label</th><th>Bound to</th></tr></thead>
        <tbody>{bindings.map(([label, binding]) => <tr key={label}><td className="strong">{label}</td><td>{bindingWords(binding, board).words}</td></tr>)}</tbody>
      </table>
    </TableScroll>
  );
}

function Permissions({ app, device }: { app: string; device: DeviceDetail }): ReactNode {
  const words = of(device.permissions, app) ?? [];
  return (
    <div>
      <h3>What it may do here</h3>
      {words.length === 0 ? <p className="dim">Nothing is assigned, so it may do nothing.</p> : <ul className="device-words">{words.map((one) => <li key={one}>{one}</li>)}</ul>}
    </div>
  );
}
