import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { AuditRecord, Rollout } from '@pier/shared/api';
import { useAnswer, useNowAs } from '../../api/index.ts';
import { Answered, Empty, Icon, Moment, Region } from '../../parts/index.ts';
import { type IconName, auditActor, auditRemark, auditWords, zone } from '../../words/index.ts';

const shownMax = 30;

export const useHistory = (id: string) => useAnswer('listAudit', { query: { object: `rollout:${id}`, limit: shownMax } });

const marks: Readonly<Record<string, readonly [IconName, string]>> = {
  'rollout.created': ['play', 'f-ok'], 'rollout.approve': ['user-check', 'f-ok'], 'rollout.deny': ['barred', 'f-refused'], 'rollout.pause': ['pause', 'f-paused'], 'rollout.paused': ['pause', 'f-paused'],
  'rollout.resume': ['play', 'f-busy'], 'rollout.running': ['play', 'f-busy'], 'rollout.advance': ['chevrons', 'f-busy'], 'rollout.abort': ['square', 'f-offline'], 'rollout.aborting': ['square', 'f-offline'], 'rollout.aborted': ['square', 'f-offline'],
  'rollout.retry': ['ring', 'f-busy'], 'rollout.exclude': ['skip', 'f-waiting'], 'rollout.roll_back': ['back', 'f-undone'], 'rollout.rolling_back': ['back', 'f-undone'], 'rollout.rolled_back': ['back', 'f-undone'],
  'rollout.completed': ['check', 'f-ok'], 'rollout.joined': ['plus', 'f-waiting'], 'rollout.set_cap': ['filter', 'f-waiting'],
  'wave.active': ['chevrons', 'f-busy'], 'wave.soaking': ['hourglass', 'f-soaking'], 'wave.passed': ['check', 'f-ok'], 'wave.overridden': ['chevrons', 'f-paused'], 'wave.failed': ['octagon', 'f-failed'], 'wave.reopened': ['alert', 'f-paused'],
};

/** What was done to it and by whom, as the audit says, newest first. */
export function Timeline({ rollout: { id } }: { rollout: Pick<Rollout, 'id'> }): ReactNode {
  const history = useHistory(id);
  return (
    <Region title="Timeline" note={<>{useNowAs(zone)}, newest first</>} acts={<Link href={`/audit?object=rollout:${id}`}>In the audit</Link>}>
      <Answered of={history} what="what was done to it">
        {({ items, next }) => (
          <>
            {items.length === 0 && <Empty says="The audit has nothing about it." />}
            <ol className="rollout-timeline">{items.map((record) => <Entry key={record.id} record={record} />)}</ol>
            {next !== null && <p className="small dim">The last {shownMax}; the audit has what was before.</p>}
          </>
        )}
      </Answered>
    </Region>
  );
}

function Entry({ record }: { record: AuditRecord }): ReactNode {
  const [icon, family] = (Object.hasOwn(marks, record.action) ? marks[record.action] : undefined) ?? ['dashed', 'f-waiting'];
  const [words, more] = auditWords(record).split(/: (.*)/s, 2);
  const remark = auditRemark(record.detail);
  const actor = auditActor(record.actor);
  return (
    <li>
      <span className="dim"><Moment at={record.at} seconds /></span>
      <span className={`rollout-mark ${family}`}><Icon name={icon} /></span>
      <span>
        <span className="strong">{words}</span> <span className="small dim">{more !== undefined && more !== '' && <>{more} </>}{actor !== 'the engine' && <>by {actor} </>}{remark !== undefined && <>“{remark}”</>}</span>
      </span>
    </li>
  );
}
