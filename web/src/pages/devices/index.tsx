/** The list of devices: which ones, how they stand, why they are not updated, and what can be done to all of them. */
import { Button } from '@mantine/core';
import { type ReactNode, useCallback, useMemo, useRef, useState } from 'react';
import { Link } from 'wouter';
import { selectorText } from '@pier/shared/selector';
import { useAnswer } from '../../api/index.ts';
import { Answered, Empty, Icon, PageHead, QueryBar, type QueryChip } from '../../parts/index.ts';
import { useShortcuts } from '../../shell/index.ts';
import { deploymentWords, standingWords } from '../../words/index.ts';
import { Bulk } from './bulk.tsx';
import { type Choice, nothingChosen } from './choice.ts';
import { ColumnsMenu } from './columns-menu.tsx';
import { DeviceList } from './device-list.tsx';
import { Export } from './export.tsx';
import { Nothing } from './nothing.tsx';
import { Standings } from './standings.tsx';
import { useRows } from './use-rows.ts';
import { useDevicesView } from './use-view.ts';
import { type DevicesView, searchCharsMax, unreadable, whichOf, widest } from './view.ts';
import { Views } from './views.tsx';
import './devices.css';

export default function DevicesPage(): ReactNode {
  const [view, change] = useDevicesView();
  const wrong = unreadable(view);
  const which = useMemo(() => whichOf(view), [view]);
  const fleet = useAnswer('countDevices', { query: {} });
  // The counters narrow the query by standing, so they are of the query without it; together they are all of it.
  const counts = useAnswer('countDevices', { query: whichOf({ ...view, standing: [] }) }, { enabled: wrong === undefined, keep: true });
  const rows = useRows({ which, order: view.order, enabled: wrong === undefined });
  const [choice, setChoice] = useChoice(JSON.stringify(which));
  const [seen, setSeen] = useState<readonly [number, number]>([0, 0]);
  const onSeen = useCallback((first: number, last: number) => setSeen((was) => (was[0] === first && was[1] === last ? was : [first, last])), []);
  const matched = counts.data && wrong === undefined ? (view.standing.length === 0 ? counts.data.total : view.standing.reduce((sum, one) => sum + (counts.data?.standings[one] ?? 0), 0)) : undefined;
  const chips = useChips(view, change);
  const known = useKnown(rows.rows);
  const bar = useRef<HTMLInputElement>(null);
  useShortcuts(useMemo(() => [{ keys: '/', does: 'Query of the page', act: () => bar.current?.focus() }], []));
  const acts = (
    <>
      <ColumnsMenu columns={view.columns} onColumns={(columns) => change({ columns })} />
      <Export which={which} matched={matched} />
      <Button component={Link} href="/enrol" variant="primary" leftSection={<Icon name="plus" />}>Enrol</Button>
    </>
  );
  if (fleet.data?.total === 0) {
    return (
      <>
        <PageHead title="Devices" acts={acts} />
        <div className="region"><Empty says="There are no devices yet." more="A board that runs the agent asks to join with a claim token."><Button component={Link} href="/enrol" variant="primary">Enrol the first device</Button></Empty></div>
      </>
    );
  }
  const nothing = rows.query.data !== undefined && !rows.query.isPlaceholderData && rows.rows.length === 0;
  return (
    <div className="devices">
      <PageHead title="Devices" acts={acts} />
      <Views view={view} fleet={fleet.data} />
      <div className="devices-query">
        <QueryBar label="Which devices" hint="/" inputRef={bar} value={view.selector} onChange={(selector) => change({ selector })} search={view.search} onSearch={(words) => change({ search: words?.slice(0, searchCharsMax) })} more={chips} suggest={known} count={matched === undefined || !fleet.data ? undefined : { matched, total: fleet.data.total }} fault={wrong ? undefined : counts.error?.code === 'input-invalid' ? counts.error : undefined} />
        {counts.data && wrong === undefined && <Standings counts={counts.data} chosen={view.standing} onChoose={(standing) => change({ standing })} />}
      </div>
      {wrong ? <p className="region" role="status">The query cannot be read, so nothing is listed. Its place is marked above.</p> : (
        <Answered of={rows.query} what="the list of devices" rows={12}>
          {() => (nothing ? <Nothing view={view} total={fleet.data?.total} onChange={change} onAll={() => change(widest(view))} /> : <DeviceList {...{ view, rows, matched, choice, onSeen }} onChoice={setChoice} onOrder={(order) => change({ order })} />)}
        </Answered>
      )}
      <Bulk {...{ view, matched, choice, seen }} loaded={rows.rows} onChoice={setChoice} />
    </div>
  );
}

/** What is chosen belongs to what is asked for: another query, and nothing is chosen. */
function useChoice(of: string): readonly [Choice, (change: (was: Choice) => Choice) => void] {
  const [state, setState] = useState({ of, choice: nothingChosen });
  const choice = state.of === of ? state.choice : nothingChosen;
  const set = useCallback((change: (was: Choice) => Choice) => setState((was) => ({ of, choice: change(was.of === of ? was.choice : nothingChosen) })), [of]);
  return [choice, set];
}

/** What narrows the list besides the selector, each to be taken out. */
function useChips(view: DevicesView, change: (next: Partial<DevicesView>) => void): QueryChip[] {
  const { standing, state, online, app, rollout, deployment } = view;
  const known = useAnswer('getRollout', { params: { id: rollout ?? '' } }, { enabled: rollout !== undefined }).data;
  const words = (list: readonly string[]): string => list.join(', ').toLowerCase();
  const chip = (name: string, does: string, value: string, without: Partial<DevicesView>): QueryChip => ({ name, does, value, onRemove: () => change(without) });
  return [
    ...(standing.length > 0 ? [chip('standing', standing.length > 1 ? 'in' : '=', words(standing.map((one) => standingWords[one].word)), { standing: [] })] : []),
    ...(state === undefined ? [] : [chip('trust', '=', state, { state: undefined })]),
    ...(online === undefined ? [] : [chip('online', '=', online, { online: undefined })]),
    ...(app === undefined ? [] : [chip('app', '=', app, { app: undefined })]),
    ...(rollout === undefined ? [] : [chip(`rollout ${known ? `${known.app} ${known.version}` : rollout}`, deployment.length > 1 ? 'in' : '=', deployment.length === 0 ? 'any state' : words(deployment.map((one) => deploymentWords[one].word)), { rollout: undefined, deployment: [] })]),
  ];
}

/** Conditions that are true of a device that was seen, or of a site of the fleet. */
function useKnown(rows: readonly { readonly model: string; readonly tags: Readonly<Record<string, string>> }[]): readonly string[] {
  const sites = useAnswer('getFleet', {}).data?.sites;
  return useMemo(() => {
    const tag = ([name, value]: readonly [string, string]): string => selectorText({ kind: 'equals', key: { of: 'tag', name }, value });
    const seen = rows.flatMap(({ tags, model }) => [...Object.entries(tags).map(tag), selectorText({ kind: 'equals', key: { of: 'field', name: 'model' }, value: model })]);
    return [...new Set([...(sites ?? []).flatMap(({ site }) => (site === null ? [] : [tag(['site', site])])), ...seen, 'online=true', 'online=false'])].sort();
  }, [rows, sites]);
}
