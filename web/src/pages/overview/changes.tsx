import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { AuditRecord } from '@pier/shared/api';
import { useAnswer } from '../../api/index.ts';
import { Answered, Moment, Region } from '../../parts/index.ts';
import { auditActor, auditRemark, auditWords, rolloutTitle } from '../../words/index.ts';
import { newestChanges } from './newest-changes.ts';

const asked = 30;
const shownMax = 10;

/** What was done last to rollouts, devices and releases, and by whom; single deployments are left to their rollout. */
export function Changes(): ReactNode {
  const rollouts = useAnswer('listAudit', { query: { object: 'rollout:', limit: asked } });
  const devices = useAnswer('listAudit', { query: { object: 'device:', limit: asked } });
  const releases = useAnswer('listAudit', { query: { object: 'release:', limit: asked } });
  const named = useAnswer('listRollouts', { query: { limit: 50 } });
  const titles = new Map(named.data?.items.map((one) => [`rollout:${one.id}`, rolloutTitle(one)]));
  const all = [rollouts, devices, releases];
  const wrong = all.find(({ error }) => error !== null) ?? rollouts;
  const data = all.every((one) => one.data !== undefined) ? newestChanges(all.flatMap((one) => one.data?.items ?? []), shownMax) : undefined;
  return (
    <Region title="Recent changes" acts={<Link href="/audit">Audit</Link>}>
      <Answered of={{ data, error: wrong.error, isFetching: wrong.isFetching, errorUpdatedAt: wrong.errorUpdatedAt, refetch: wrong.refetch }} what="recent changes" rows={6}>
        {(records) => records.length === 0 ? <p className="dim">Nothing was changed yet.</p> : (
          <ol className="overview-changes">{records.map((record) => <li key={record.id}><Change record={record} title={titles.get(record.object)} /></li>)}</ol>
        )}
      </Answered>
    </Region>
  );
}

/** What a gate counted is on the page of its rollout. */
function short(words: string): string {
  return words.replace(/^(Wave \d+ passed): .*$/, '$1');
}

function Change({ record, title }: { record: AuditRecord; title: string | undefined }): ReactNode {
  const remark = auditRemark(record.detail);
  const id = /^rollout:(.+)$/.exec(record.object)?.[1];
  return (
    <>
      <span className="dim"><Moment at={record.at} /></span>
      <span className="ellipsis" title={record.actor}>{auditActor(record.actor)}</span>
      <span className="overview-change">{id !== undefined && <><Link href={`/rollouts/${id}`} className="name">{title ?? 'a rollout'}</Link>: </>}{short(auditWords(record))}{remark !== undefined && <q className="dim">{remark}</q>}</span>
    </>
  );
}
