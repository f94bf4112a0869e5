import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Fleet } from '@pier/shared/api';
import { useAnswer, useLiveRollouts, useMe } from '../../api/index.ts';
import { Age, Answered, Icon, Region } from '../../parts/index.ts';
import { capital, count } from '../../words/index.ts';
import { type Need, needsOf } from './needs.ts';

/** So many devices of a standing are looked at by reason; of more only the count is told. */
const looked = 100;
const shownMax = 8;

/** What waits for this person, worst first; undefined until the rollouts are known. */
export function useNeeds(fleet: Fleet) {
  const me = useMe();
  const has = (standing: keyof Fleet['standings']): boolean => (fleet.standings[standing] ?? 0) > 0;
  const rollouts = useLiveRollouts();
  const failed = useAnswer('listDevices', { query: { standing: 'failed', limit: looked } }, { enabled: has('failed') });
  const refused = useAnswer('listDevices', { query: { standing: 'refused', limit: looked } }, { enabled: has('refused') });
  const silent = useAnswer('listDevices', { query: { standing: 'offline', order: 'heard', limit: 1 } }, { enabled: has('offline') });
  const held = useAnswer('listDevices', { query: { standing: 'held', limit: 1 } }, { enabled: has('held') });
  const pending = useAnswer('listPending', { query: { limit: 100 } }, { enabled: fleet.pending > 0 && me.role !== 'viewer' });
  const asked = [rollouts, failed, refused, silent, held, pending];
  const wrong = asked.find(({ error }) => error !== null) ?? rollouts;
  // What is told of devices grows more exact as their lists come; the list does not go away meanwhile.
  const data = rollouts.data !== undefined
    ? needsOf({ me, fleet, rollouts: rollouts.data.items, failed: failed.data?.items ?? [], refused: refused.data?.items ?? [], silent: silent.data?.items[0], held: held.data?.items ?? [], pending: pending.data?.items ?? [] })
    : undefined;
  return { data, error: wrong.error, isFetching: wrong.isFetching, errorUpdatedAt: wrong.errorUpdatedAt, refetch: wrong.refetch };
}

export function NeedsYou({ needs }: { needs: ReturnType<typeof useNeeds> }): ReactNode {
  const n = needs.data?.length ?? 0;
  return (
    <Region title="Needs you" note={n > 0 ? count(n) : undefined} {...(n > 1 && { acts: <span className="dim">worst first</span> })}>
      <Answered of={needs} what="what needs you" rows={4}>
        {(all) => all.length === 0 ? <p className="dim">Nothing waits for you.</p> : (
          <ol className="overview-needs">
            {all.slice(0, shownMax).map((need) => <li key={need.key}><One need={need} /></li>)}
            {all.length > shownMax && <li className="dim">and {count(all.length - shownMax)} more, less pressing</li>}
          </ol>
        )}
      </Answered>
    </Region>
  );
}

function One({ need }: { need: Need }): ReactNode {
  const { family, icon, word, what, more, code, act, href, since, pausedRollout } = need;
  return (
    <>
      <span className={`overview-need-icon f-${family}`}><Icon name={icon} /></span>
      <div className="overview-need-words">
        <p><span className={`overview-need-word f-${family}`}>{word}.</span> {what}</p>
        {(more ?? code) !== undefined && <p className="small dim">{more !== undefined && capital(more)} {code !== undefined && <code>{code}</code>}</p>}
      </div>
      <div className="overview-need-act">
        <Button component={Link} href={href} data-size="compact" aria-label={`${act}: ${what}`}>{act}</Button>
        {since !== undefined && <span className="small dim"><Age at={since} /></span>}
        {pausedRollout !== undefined && <PausedAge id={pausedRollout} />}
      </div>
    </>
  );
}

/** A rollout does not say since when it stands; the audit does. */
function PausedAge({ id }: { id: string }): ReactNode {
  const records = useAnswer('listAudit', { query: { object: `rollout:${id}`, limit: 50 } });
  const at = records.data?.items.find(({ action }) => action === 'rollout.paused' || action === 'rollout.pause')?.at;
  return at === undefined ? null : <span className="small dim"><Age at={at} /></span>;
}
