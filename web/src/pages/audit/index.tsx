/** What was done, by whom, and why; newest first. */
import { Button } from '@mantine/core';
import { type ReactNode, useMemo, useRef } from 'react';
import type { AuditRecord } from '@pier/shared/api';
import { useNowAs, usePages } from '../../api/index.ts';
import { Answered, Empty, More, NoMatch, PageHead, TableScroll } from '../../parts/index.ts';
import { useRowKeys, useShortcuts } from '../../shell/index.ts';
import { count, counted, dayWords, zone } from '../../words/index.ts';
import { AuditFilters } from './filters.tsx';
import { RecordRows } from './record-rows.tsx';
import { type View, filterNames, filterWords, isStep, useView } from './view.ts';
import './audit.css';

export default function AuditPage(): ReactNode {
  const view = useView();
  const { filters, steps } = view;
  const pages = usePages('listAudit', { query: { ...filters, limit: 200 } });
  const list = useRef<HTMLDivElement>(null);
  const first = useRef<HTMLInputElement>(null);
  useRowKeys(list, 'record');
  useShortcuts(useMemo(() => [{ keys: '/', does: 'Narrow the audit', act: () => first.current?.focus() }], []));
  const all = pages.data?.items ?? [];
  const shown = steps ? all : all.filter((record) => !isStep(record));
  const actions = [...new Set(all.map(({ action }) => action))].toSorted();
  return (
    <>
      <PageHead title="Audit" facts="What was done, by whom and why. The manager only ever adds to it; who can write to its database could still change it." />
      <div className="region">
        <AuditFilters view={view} actions={actions} firstRef={first} />
        <Answered of={pages} what="the audit" rows={10}>
          {() => {
            if (shown.length > 0) return <div ref={list}><Records records={shown} /></div>;
            return all.length > 0 ? <NoMatch says="All of them are steps of single devices." /> : <Nothing view={view} />;
          }}
        </Answered>
        {all.length > 0 && <Foot view={view} loaded={all.length} hidden={all.length - shown.length} pages={pages} />}
      </div>
    </>
  );
}

/** Days part the table; seconds tell records apart. */
function Records({ records }: { records: readonly AuditRecord[] }): ReactNode {
  const [today, here] = [useNowAs(dayWords), useNowAs(zone)];
  const days = Map.groupBy(records, ({ at }) => dayWords(Date.parse(at)));
  return (
    <TableScroll>
      <table className="table audit-table">
        <thead><tr><th scope="col">Time, {here}</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">About</th><th scope="col" className="end">Record</th></tr></thead>
        {[...days].map(([day, ofDay]) => (
          <tbody key={day}>
            <tr><th scope="rowgroup" colSpan={5} className="audit-day">{day}{day === today && ', today'}</th></tr>
            {ofDay.map((record) => <RecordRows key={record.id} record={record} />)}
          </tbody>
        ))}
      </table>
    </TableScroll>
  );
}

function Nothing({ view: { filters, narrow } }: { view: View }): ReactNode {
  const set = filterNames.flatMap((name) => (filters[name] === undefined ? [] : [`${filterWords[name].toLowerCase()} ${filters[name]}`]));
  if (set.length === 0) return <Empty says="Nothing was done yet." more="Whatever people, devices and rollouts do is written down here, with the act itself." />;
  return (
    <NoMatch says={<>No record with {set.join(' and ')}.</>} hidden="Who and action are compared letter by letter; about, from its beginning.">
      <Button onClick={() => narrow({})}>Show all records</Button>
    </NoMatch>
  );
}

type Pages = Pick<ReturnType<typeof usePages<'listAudit'>>, 'hasNextPage' | 'isFetchingNextPage' | 'fetchNextPage'>;

/** How many are shown, how many not, and why; then the next page. */
function Foot({ view: { showSteps }, loaded, hidden, pages }: { view: View; loaded: number; hidden: number; pages: Pages }): ReactNode {
  return (
    <More of={pages} says={<>{count(loaded - hidden)} of the {pages.hasNextPage ? 'newest ' : ''}{counted(loaded, 'record')}{hidden > 0 && `; ${counted(hidden, 'is a step of a single device', 'are steps of single devices')}`}.</>}>
      {hidden > 0 && <Button data-size="compact" onClick={() => showSteps(true)}>Show steps too</Button>}
    </More>
  );
}
