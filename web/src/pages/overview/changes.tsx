import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { AuditRecord } from '@pier/shared/api';
import { useAnswer } from '../../api/index.ts';
import { Answered, Moment, Region } from '../../parts/index.ts';
import { newestChanges } from './newest-changes.ts';

const asked = 30;
const shownMax = 10;

/** What was done last to rollouts, devices and releases, and by whom; single deployments are left to their rollout. */
export function Changes(): ReactNode {
  const rollouts = useAnswer('listAudit', { query: { object: 'rollout:', limit: asked } });
  const devices = useAnswer('listAudit', { query: { object: 'device:', limit: asked } });
  const releases = useAnswer('listAudit', { query: { object: 'release:', limit: asked } });
  const all = [rollouts, devices, releases];
  const wrong = all.find(({ error }) => error !== null) ?? rollouts;
  const data = all.every((one) => one.data !== undefined) ? newestChanges(all.flatMap((one) => one.data?.items ?? []), shownMax) : undefined;
  return (
    <Region title="Recent changes" acts={<Link href="/audit">Audit</Link>}>
      <Answered of={{ data, error: wrong.error, isFetching: wrong.isFetching, errorUpdatedAt: wrong.errorUpdatedAt, refetch: wrong.refetch }} what="recent changes" rows={6}>
        {(records) => records.length === 0 ? <p className="dim">Nothing was changed yet.</p> : (
          <ol className="overview-changes">{records.map((record) => <li key={record.id}><Change record={record} /></li>)}</ol>
        )}
      </Answered>
    </Region>
  );
}

function Change({ record }: { record: AuditRecord }): ReactNode {
  const remark = record.detail['remark'];
  return (
    <>
      <span className="dim"><Moment at={record.at} /></span>
      <span className="ellipsis" title={record.actor}>{record.actor.startsWith('rollout:') ? 'rollout' : record.actor.replace(/^device:/, '')}</span>
      <span className="overview-change">{record.action} {record.object}{typeof remark === 'string' && remark !== '' && <q className="dim">{remark}</q>}</span>
    </>
  );
}
