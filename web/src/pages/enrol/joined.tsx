import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { isoTime } from '@pier/shared/core';
import { useAnswer, useNow } from '../../api/index.ts';
import { Answered, Moment, Region, TableScroll } from '../../parts/index.ts';
import { counted, modelWords } from '../../words/index.ts';
import { dayMs, enrolledOf } from './enrolled.ts';

const askedMax = 200;
/** The question stays the same for so long, and asks for as much more. */
const stepMs = 600_000;

/** Who joined in the last 24 h, as the audit has it. */
export function Joined(): ReactNode {
  const now = useNow();
  const since = isoTime(Math.floor((now - dayMs) / stepMs) * stepMs);
  const alone = useAnswer('listAudit', { query: { action: 'device.enrolled', since, limit: askedMax } }, { keep: true });
  const approved = useAnswer('listAudit', { query: { action: 'device.approved', since, limit: askedMax } }, { keep: true });
  const asked = useAnswer('listAudit', { query: { action: 'device.asked', limit: askedMax } }, { keep: true });
  const isCut = (alone.data?.next ?? null) !== null || (approved.data?.next ?? null) !== null;
  return (
    <Region title="Enrolled in the last 24 h" note={isCut && <>the newest {askedMax} of each kind; <Link href="/audit?action=device.enrolled">all in the audit</Link></>}>
      <Answered of={alone.error ? alone : approved.error ? approved : alone} what="the audit of enrolments">
        {() => <Rows rows={enrolledOf({ alone: alone.data?.items ?? [], approved: approved.data?.items ?? [], asked: asked.data?.items ?? [], sinceMs: now - dayMs })} />}
      </Answered>
    </Region>
  );
}

function Rows({ rows }: { rows: ReturnType<typeof enrolledOf> }): ReactNode {
  if (rows.length === 0) return <p className="dim">None. Earlier ones stand in <Link href="/devices">the list of devices</Link>.</p>;
  return (
    <TableScroll>
      <table className="table table-stack enrol-joined">
        <caption className="sr-only">{counted(rows.length, 'board')}</caption>
        <thead><tr><th scope="col">Device</th><th scope="col">Board</th><th scope="col">Token</th><th scope="col">Let in</th><th scope="col" className="end">At</th></tr></thead>
        <tbody>
          {rows.map(({ device, model, token, by, at }) => (
            <tr key={`${device} ${at}`}>
              <td><Link className="name" href={`/devices/${device}`}>{device}</Link></td>
              <td>{model === undefined ? <span className="dim">not told</span> : modelWords(model)}</td>
              <td className="mono" data-says="Token">{token ?? '–'}</td>
              <td>{by === undefined ? 'By token alone' : `Approved by ${by}`}</td>
              <td className="end"><Moment at={at} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
}
