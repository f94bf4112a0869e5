import { SegmentedControl } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { DeviceDetail, DeviceEvent, Refused } from '@pier/shared/api';
import { useAnswer, usePages, useViewPart } from '../../api/index.ts';
import { Answered, Empty, Id, Moment, More, Region, StateMark, TableScroll } from '../../parts/index.ts';
import { auditActor, auditRemark, auditWords, counted, deploymentWords, duration } from '../../words/index.ts';
import { type Entry, eventWords, mergeHistory } from './history-list.ts';

type Props = { readonly device: DeviceDetail };
const pageSize = 50;

/** What the device told, and what people and the manager did to it. */
export function History({ device }: Props): ReactNode {
  const [kind, setKind] = useViewPart('only');
  return (
    <>
      <div className="device-bar">
        <SegmentedControl aria-label="Which" data={[{ value: 'all', label: 'All' }, { value: 'refusals', label: 'Refusals' }]} value={kind === 'refusals' ? 'refusals' : 'all'} onChange={(next) => setKind(next === 'all' ? undefined : next)} />
      </div>
      <div className="device-past">
        <Region title={kind === 'refusals' ? 'What the device refused' : 'What was told and done'}>{kind === 'refusals' ? <Refusals device={device} /> : <All device={device} />}</Region>
        <Region title="Deployments" note="one device in one rollout"><Deployments device={device} /></Region>
      </div>
    </>
  );
}

function All({ device }: Props): ReactNode {
  const events = usePages('listEvents', { params: { device: device.id }, query: { limit: pageSize } });
  const records = usePages('listAudit', { query: { object: `device:${device.id}`, limit: pageSize } });
  const more = events.hasNextPage || records.hasNextPage;
  const older = (): void => {
    // Whichever has come less far back is asked first: only it keeps older entries from being shown.
    const [event, record] = [events.data?.items.at(-1)?.at ?? '', records.data?.items.at(-1)?.at ?? ''];
    if (events.hasNextPage && (!records.hasNextPage || event >= record)) void events.fetchNextPage();
    else if (records.hasNextPage) void records.fetchNextPage();
  };
  return (
    <Answered of={events} what="what the device told">
      {(told) => (
        <Answered of={records} what="what was done to the device">
          {(done) => {
            const entries = mergeHistory({ items: told.items, more: events.hasNextPage }, { items: done.items, more: records.hasNextPage });
            if (entries.length === 0) return <Empty says="Nothing was told, and nothing was done." />;
            return (
              <>
                <Table>{entries.map((entry) => (entry.kind === 'event' ? <EventRow key={`e${entry.event.id}`} event={entry.event} /> : <AuditRow key={`a${entry.record.id}`} entry={entry} />))}</Table>
                <More of={{ hasNextPage: more, isFetchingNextPage: events.isFetchingNextPage || records.isFetchingNextPage, fetchNextPage: older }} says={shownWords(entries.length, more)} />
              </>
            );
          }}
        </Answered>
      )}
    </Answered>
  );
}

function Deployments({ device: { deployments } }: Props): ReactNode {
  // A version is its rollout's; of one that is not among the newest the app alone is said.
  const rollouts = useAnswer('listRollouts', { query: { limit: 500 } }, { enabled: deployments.length > 0 });
  const versions = new Map(rollouts.data?.items.map(({ id, version }) => [id, version]));
  if (deployments.length === 0) return <Empty says="No rollout has had this device." />;
  return (
    <ul className="rows">
      {deployments.map(({ rollout, app, wave, state, reason, updatedAt }) => (
        <li key={`${rollout} ${app}`}>
          <span><StateMark state={deploymentWords[state]} /> <span className="strong">{app}{versions.has(rollout) && ` ${versions.get(rollout)}`}</span> <Link href={`/rollouts/${rollout}`}>in wave {wave}</Link>{reason && <p className="small soft">{reason.reason} <code>{reason.code}</code></p>}</span>
          <span className="push small dim"><Moment at={updatedAt} /></span>
        </li>
      ))}
    </ul>
  );
}

function Refusals({ device }: Props): ReactNode {
  const refusals = usePages('listRefusals', { params: { device: device.id }, query: { limit: pageSize } });
  return (
    <Answered of={refusals} what="what the device refused">
      {({ items }) =>
        items.length === 0 ? (
          <Empty says="This device has refused nothing." />
        ) : (
          <>
            <Table>{items.map((one) => <RefusalRow key={`${one.at} ${one.code} ${one.app ?? ''}`} one={one} />)}</Table>
            <More of={refusals} says={shownWords(items.length, refusals.hasNextPage)} />
          </>
        )
      }
    </Answered>
  );
}

function Table({ children }: { children: ReactNode }): ReactNode {
  return (
    <TableScroll>
      <table className="table table-stack device-history">
        <thead><tr><th>When</th><th>What</th><th>By</th></tr></thead>
        <tbody>{children}</tbody>
      </table>
    </TableScroll>
  );
}

function EventRow({ event }: { event: DeviceEvent }): ReactNode {
  const { code, reason, safeMs, lastOutput } = event;
  return (
    <tr>
      <td className="device-when"><Moment at={event.at} /></td>
      <td>
        <span className="strong">{eventWords(event)}</span>{reason !== null && <>. {reason}</>} {code !== null && <code>{code}</code>}
        {safeMs !== null && <p className="small soft">Outputs safe after {duration(safeMs)}.</p>}
        {event.digest !== null && <p className="small dim"><Id id={event.digest} />{event.attempt !== null && ` attempt ${event.attempt}`}</p>}
        {lastOutput.length > 0 && <details><summary className="small">Its last {counted(lastOutput.length, 'line')}</summary><pre className="device-output">{lastOutput.join('\n')}</pre></details>}
      </td>
      <td data-says="By">the device</td>
    </tr>
  );
}

function AuditRow({ entry: { at, record } }: { entry: Extract<Entry, { kind: 'audit' }> }): ReactNode {
  const remark = auditRemark(record.detail);
  return (
    <tr>
      <td className="device-when"><Moment at={at} /></td>
      <td>{auditWords(record)}{remark !== undefined && <span className="soft">: “{remark}”</span>}</td>
      <td data-says="By">{auditActor(record.actor)}</td>
    </tr>
  );
}

function RefusalRow({ one }: { one: Refused }): ReactNode {
  return (
    <tr>
      <td className="device-when"><Moment at={one.at} /></td>
      <td><span className="strong">{eventWords(one)}</span>. {one.reason} <code>{one.code}</code>{one.digest !== null && <p className="small dim"><Id id={one.digest} /></p>}</td>
      <td data-says="By">the device</td>
    </tr>
  );
}

function shownWords(shown: number, more: boolean): string {
  return `${counted(shown, 'entry', 'entries')} shown${more ? '.' : '; that is all.'}`;
}
