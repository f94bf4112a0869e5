/** All rollouts, newest first: how far each is, and why it is not further. */
import { Button } from '@mantine/core';
import { type ReactNode, useMemo, useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { Rollout } from '@pier/shared/api';
import { useAnswer, usePages, useViewPart, useWhyNot } from '../../api/index.ts';
import { Answered, Choice, Empty, Icon, NoMatch, PageHead, TableScroll } from '../../parts/index.ts';
import { useShortcuts } from '../../shell/index.ts';
import { count, counted } from '../../words/index.ts';
import { RolloutRow } from './rollout-row.tsx';
import './rollouts.css';

const pageSize = 50;

export default function RolloutsPage(): ReactNode {
  const [show, setShow] = useViewPart('show');
  const [app, setApp] = useViewPart('app');
  const all = show === 'all';
  const off = useWhyNot('operator');
  const pages = usePages('listRollouts', { query: { limit: pageSize, ...(!all && { live: 'true' as const }), ...(app !== undefined && { app }) } });
  const items = pages.data?.items;
  const start = off === undefined ? <Button component={Link} href="/rollouts/new" variant="primary" leftSection={<Icon name="plus" />}>New rollout</Button> : <span className="why-off">New rollout: {off}</span>;
  return (
    <>
      <PageHead title="Rollouts" beside={<span className="soft">{said(items, pages.hasNextPage, all)}</span>} acts={start} />
      <div className="rollouts-tools">
        <nav className="rollouts-tabs" aria-label="Which rollouts">
          <Tab here={!all} onGo={() => setShow(undefined)}>Live</Tab>
          <Tab here={all} onGo={() => setShow('all')}>All</Tab>
        </nav>
        <AppFilter app={app} onPick={setApp} />
      </div>
      <div className="region">
        <Answered of={pages} what="the list of rollouts" rows={8}>
          {({ items: shown }) => shown.length === 0
            ? <Nothing all={all} app={app} onAll={() => setShow('all')} onEveryApp={() => setApp(undefined)} />
            : <List items={shown} {...(pages.hasNextPage && { more: <Button onClick={() => void pages.fetchNextPage()} loading={pages.isFetchingNextPage}>More, after {counted(shown.length, 'rollout')}</Button> })} />}
        </Answered>
      </div>
    </>
  );
}

function said(items: readonly Rollout[] | undefined, more: boolean, all: boolean): string {
  if (items === undefined) return '';
  const n = `${more ? 'more than ' : ''}${count(items.length)}`;
  return all ? `${n} in all` : items.length === 0 ? 'none moves or waits' : `${n} that move or wait for a person`;
}

function Tab({ here, onGo, children }: { here: boolean; onGo: () => void; children: ReactNode }): ReactNode {
  return <button type="button" aria-current={here ? 'page' : undefined} onClick={onGo}>{children}</button>;
}

/** The apps that there are releases of. */
function AppFilter({ app, onPick }: { app: string | undefined; onPick: (app: string | undefined) => void }): ReactNode {
  const releases = useAnswer('listReleases', { query: { limit: 500 } });
  const apps = [...new Set([...(releases.data?.items.map((one): string => one.app) ?? []), ...(app === undefined ? [] : [app])])].toSorted();
  return <Choice label="App" labelQuiet value={app ?? ''} onChange={(next) => onPick(next || undefined)} options={[{ value: '', label: 'All apps' }, ...apps.map((one) => ({ value: one, label: one }))]} />;
}

function Nothing({ all, app, onAll, onEveryApp }: { all: boolean; app: string | undefined; onAll: () => void; onEveryApp: () => void }): ReactNode {
  const any = useAnswer('listRollouts', { query: { limit: 1 } });
  if (any.data?.items.length === 0) return <Empty says="There was no rollout yet." more="A rollout brings a signed release to devices, wave by wave."><Button component={Link} href="/rollouts/new">New rollout</Button></Empty>;
  return (
    <NoMatch says={<>No rollout{app === undefined ? '' : <> of <code>{app}</code></>} {all ? 'was ever made' : 'moves or waits for a person now'}.</>} hidden={all ? undefined : 'Those that are over are among all.'}>
      {!all && <Button data-size="compact" onClick={onAll}>All rollouts</Button>}
      {app !== undefined && <Button data-size="compact" onClick={onEveryApp}>All apps</Button>}
    </NoMatch>
  );
}

function List({ items, more }: { items: readonly Rollout[]; more?: ReactNode }): ReactNode {
  const [at, setAt] = useState(-1);
  const [, go] = useLocation();
  const last = items.length - 1;
  useShortcuts(useMemo(() => [
    { keys: 'j', does: 'Next rollout', act: () => setAt((was) => Math.min(last, was + 1)) },
    { keys: 'k', does: 'The one before', act: () => setAt((was) => Math.max(0, was - 1)) },
    { keys: 'Enter', does: 'Open it', act: () => { const one = items[at]; if (one) go(`/rollouts/${one.id}`); } },
  ], [items, at, go, last]));
  return (
    <>
      <TableScroll>
        <table className="table rollouts-table">
          <thead>
            <tr>
              <th scope="col">State</th><th scope="col">Release</th><th scope="col">Devices</th><th scope="col" className="end">Waves passed</th>
              <th scope="col">How far</th><th scope="col" className="end">Proven</th><th scope="col">Why not further</th><th scope="col" aria-sort="descending">Started</th><th scope="col">Ended</th>
            </tr>
          </thead>
          <tbody>{items.map((rollout, row) => <RolloutRow key={rollout.id} rollout={rollout} here={row === at} />)}</tbody>
        </table>
      </TableScroll>
      {more !== undefined && <div className="condition-acts">{more}</div>}
    </>
  );
}
