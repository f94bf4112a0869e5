/** The columns of the list: what each shows, how wide it is, and by which order it can be sorted. */
import { type ColumnDef, columnVisibilityFeature, tableFeatures } from '@tanstack/react-table';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Device, DeviceApp } from '@pier/shared/api';
import { selectorText } from '@pier/shared/selector';
import { Ago, StateMark } from '../../parts/index.ts';
import { modelWords, sentence, standingWords } from '../../words/index.ts';
import type { ColumnId, Order } from './view.ts';

export const features = tableFeatures({ columnVisibilityFeature });
type Column = ColumnDef<typeof features, Device>;
type ShownColumn = 'state' | 'name' | ColumnId;

export const columnWords: Readonly<Record<ShownColumn, string>> = { state: 'State', name: 'Device', why: 'Why not', apps: 'Apps, runs → wants', site: 'Site', model: 'Board', agent: 'Agent', heard: 'Last heard', tags: 'Tags', id: 'Id' };
/** Pixels; what has none shares the rest. */
export const widths: Partial<Readonly<Record<string, number>>> = { state: 122, name: 150, apps: 200, site: 100, model: 112, agent: 64, heard: 126, id: 190 };
export const sortedBy: Partial<Readonly<Record<string, { readonly order: Order; readonly says: string }>>> = {
  state: { order: 'standing', says: 'by standing, what needs a person first' },
  name: { order: 'id', says: 'by id' },
  heard: { order: 'heard', says: 'by when it was last heard, the longest silent first' },
};

/** `app`: the one app that is asked for, of all that a device has. */
export function columnsOf(app: string | undefined): Column[] {
  const cell = (id: ShownColumn, show: (device: Device) => ReactNode): Column => ({ id, header: id === 'apps' && app !== undefined ? `${app}, runs → wants` : columnWords[id], cell: ({ row }) => show(row.original) });
  return [
    cell('state', ({ standing }) => <StateMark state={standingWords[standing]} />),
    cell('name', ({ id, name }) => <Link href={`/devices/${id}`} className="name" title={name === id ? undefined : id}>{name}</Link>),
    cell('why', ({ why }) => why && <span className="soft" title={`${why.reason} (${why.code})`}>{sentence(why.reason)}</span>),
    cell('apps', ({ apps }) => <Apps apps={app === undefined ? apps : apps.filter((one) => one.app === app)} named={app === undefined} />),
    cell('site', ({ tags }) => tags['site'] ?? <Nothing />),
    cell('model', ({ model }) => <span title={model}>{modelWords(model)}</span>),
    cell('agent', ({ agent }) => agent ?? <Nothing />),
    cell('heard', ({ lastSeenAt }) => (lastSeenAt === null ? <Nothing says="never" /> : <Ago at={lastSeenAt} />)),
    cell('tags', ({ tags }) => <span className="mono" title={tagsText(tags)}>{tagsText(tags)}</span>),
    cell('id', ({ id }) => <span className="mono">{id}</span>),
  ];
}

/** Those that do not run what is wanted come first: they are cut last. */
function Apps({ apps, named }: { apps: readonly DeviceApp[]; named: boolean }): ReactNode {
  const sorted = apps.toSorted((a, b) => Number(b.wanted !== b.version) - Number(a.wanted !== a.version));
  if (sorted.length === 0) return <Nothing />;
  return (
    <span title={sorted.map(appText).join(', ')}>
      {sorted.map((one, index) => (
        <span key={one.app}>{index > 0 && ', '}{named && <span className="dim">{one.app} </span>}{runsWants(one)}</span>
      ))}
    </span>
  );
}

function runsWants({ version, wanted, hold }: DeviceApp): string {
  const runs = version ?? 'none';
  return wanted === version ? runs : `${runs} → ${wanted ?? (hold === null ? 'none' : runs)}`;
}

function appText(one: DeviceApp): string {
  return `${one.app} ${runsWants(one)}${one.hold === null ? '' : `, held: ${one.hold}`}`;
}

/** As a selector asks for them, so that they can be copied into a query. */
export function tagsText(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags).map(([name, value]) => selectorText({ kind: 'equals', key: { of: 'tag', name }, value })).join(' ');
}

function Nothing({ says = 'none' }: { says?: string }): ReactNode {
  return <span className="dim">{says === 'none' ? <><span aria-hidden="true">–</span><span className="sr-only">none</span></> : says}</span>;
}
