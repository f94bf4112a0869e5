/** Rollouts, newest first: those that move or wait, or all; how far each is, and why it is not further. */
import { Button, NativeSelect } from '@mantine/core';
import { type ReactNode, useEffect, useRef } from 'react';
import { Link } from 'wouter';
import type { Rollout } from '@pier/shared/api';
import { useAnswer, useLiveRollouts, usePages, useViewPart, useWhyNot } from '../../api/index.ts';
import { Answered, Empty, Icon, More, NoMatch, PageHead, TableScroll } from '../../parts/index.ts';
import { useRowKeys } from '../../shell/index.ts';
import { count, counted } from '../../words/index.ts';
import { RolloutRow } from './rollout-row.tsx';
import './rollouts.css';

const pageSize = 50;
type Show = 'live' | 'all';

export default function RolloutsPage(): ReactNode {
  const [app, setApp] = useViewPart('app');
  const show = useShow(app);
  const live = useLiveRollouts();
  const off = useWhyNot('operator');
  const pages = usePages('listRollouts', { query: { limit: pageSize, ...(show === 'live' && { live: 'true' as const }), ...(app !== undefined && { app }) } }, { enabled: show !== undefined });
  const items = pages.data?.items;
  const start = off === undefined ? <Button component={Link} href="/rollouts/new" variant="primary" leftSection={<Icon name="plus" />}>New rollout</Button> : <span className="why-off">New rollout: {off}</span>;
  return (
    <>
      <PageHead title="Rollouts" beside={<span className="soft">{show && said(items, { more: pages.hasNextPage, show })}</span>} acts={start} />
      <div className="rollouts-tools">
        <nav className="tabs" aria-label="Which rollouts">
          <Tab to="live" here={show === 'live'} app={app}>Live</Tab>
          <Tab to="all" here={show === 'all'} app={app}>All</Tab>
        </nav>
        <AppFilter app={app} shown={items} onPick={setApp} />
      </div>
      <div className="region">
        <Answered of={show === undefined ? { ...live, data: undefined } : pages} what="the list of rollouts" rows={8}>
          {({ items: shown }) => shown.length === 0
            ? <Nothing show={show ?? 'all'} app={app} onEveryApp={() => setApp(undefined)} />
            : <><Rows items={shown} /><More of={pages} says={pages.hasNextPage ? `The newest ${counted(shown.length, 'rollout')}.` : undefined} /></>}
        </Answered>
      </div>
    </>
  );
}

/** Which of the two lists. A bare address shows what moves, where something does, else all; from then on the address says which, so that a link shows the same. */
function useShow(app: string | undefined): Show | undefined {
  const [asked, setShow] = useViewPart('show');
  const live = useLiveRollouts();
  const known = asked === 'live' || asked === 'all' ? asked : undefined;
  const first = live.data && (live.data.items.some((one) => app === undefined || one.app === app) ? 'live' : 'all');
  useEffect(() => {
    if (known === undefined && first !== undefined) setShow(first);
  }, [known, first, setShow]);
  return known;
}

function said(items: readonly Rollout[] | undefined, { more, show }: { more: boolean; show: Show }): string {
  if (items === undefined) return '';
  const n = `${more ? 'more than ' : ''}${count(items.length)}`;
  return show === 'all' ? `${n} in all` : items.length === 0 ? 'none moves or waits' : `${n} that move or wait for a person`;
}

function Tab({ to, here, app, children }: { to: Show; here: boolean; app: string | undefined; children: ReactNode }): ReactNode {
  return <Link href={hrefOf(to, app)} className="tab" aria-current={here ? 'page' : undefined}>{children}</Link>;
}

function hrefOf(show: Show, app: string | undefined): string {
  return `/rollouts?${new URLSearchParams({ show, ...(app !== undefined && { app }) }).toString()}`;
}

/** The apps that devices report, and those of the rollouts that are shown. */
function AppFilter({ app, shown, onPick }: { app: string | undefined; shown: readonly Rollout[] | undefined; onPick: (app: string | undefined) => void }): ReactNode {
  const fleet = useAnswer('getFleet', {});
  const apps = [...new Set<string>([...(fleet.data?.apps ?? []).map((one) => one.app), ...(shown ?? []).map((one) => one.app), ...(app === undefined ? [] : [app])])].toSorted();
  return <NativeSelect aria-label="Rollouts of" value={app ?? ''} onChange={({ currentTarget }) => onPick(currentTarget.value || undefined)} data={[{ value: '', label: 'All apps' }, ...apps.map((one) => ({ value: one, label: one }))]} />;
}

function Nothing({ show, app, onEveryApp }: { show: Show; app: string | undefined; onEveryApp: () => void }): ReactNode {
  const any = useAnswer('listRollouts', { query: { limit: 1 } });
  if (any.data?.items.length === 0) return <Empty says="There was no rollout yet." more="A rollout brings a signed release to devices, wave by wave."><Button component={Link} href="/rollouts/new">New rollout</Button></Empty>;
  return (
    <NoMatch says={<>No rollout{app === undefined ? '' : <> of <code>{app}</code></>} {show === 'all' ? 'was ever made' : 'moves or waits for a person now'}.</>} hidden={show === 'all' ? undefined : 'Those that are over are among all.'}>
      {show === 'live' && <Button component={Link} href={hrefOf('all', app)} data-size="compact">All rollouts</Button>}
      {app !== undefined && <Button data-size="compact" onClick={onEveryApp}>All apps</Button>}
    </NoMatch>
  );
}

function Rows({ items }: { items: readonly Rollout[] }): ReactNode {
  const list = useRef<HTMLTableElement>(null);
  useRowKeys(list, 'rollout');
  return (
    <TableScroll>
      <table className="table table-stack rollouts-table" ref={list}>
        <thead>
          <tr>
            <th scope="col">State</th><th scope="col">Release</th><th scope="col">Devices</th><th scope="col" className="end">Waves passed</th>
            <th scope="col">How far</th><th scope="col" className="end">Proven</th><th scope="col">Why not further</th><th scope="col" aria-sort="descending">Started</th><th scope="col">Ended</th>
          </tr>
        </thead>
        <tbody>{items.map((rollout) => <RolloutRow key={rollout.id} rollout={rollout} />)}</tbody>
      </table>
    </TableScroll>
  );
}
