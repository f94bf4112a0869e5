import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Rollout } from '@pier/shared/api';
import { useAnswer, useLiveRollouts, useWhyNot } from '../../api/index.ts';
import { Answered, Bar, Empty, Icon, Moment, Region, StateMark } from '../../parts/index.ts';
import { capital, count, counted, gapOf, rolloutState, rolloutTitle, rolloutWords } from '../../words/index.ts';
import { byUrgency } from './fleet-words.ts';

const shownMax = 6;

/** Rollouts that move, or wait for somebody: how far each is, and what the rest does instead. */
export function Moving(): ReactNode {
  const off = useWhyNot('operator');
  const live = useLiveRollouts();
  const n = live.data?.items.length ?? 0;
  const start = off === undefined
    ? <Button component={Link} href="/rollouts/new" leftSection={<Icon name="plus" />}>New rollout</Button>
    : <span className="why-off">New rollout: {off}</span>;
  return (
    <Region title="Rollouts" {...(n > shownMax && { note: <Link href="/rollouts">{shownMax} of {live.data?.next === null ? count(n) : `more than ${count(n)}`}</Link> })} acts={start}>
      <Answered of={live} what="the list of rollouts" rows={6}>
        {({ items }) => (items.length === 0 ? <Still /> : <ul className="overview-rollouts">{byUrgency(items).slice(0, shownMax).map((rollout) => <li key={rollout.id}><Move rollout={rollout} /></li>)}</ul>)}
      </Answered>
    </Region>
  );
}

function Move({ rollout }: { rollout: Rollout }): ReactNode {
  const gap = gapOf(rollout);
  const at = rolloutState(rollout);
  const title = rolloutTitle(rollout);
  const href = `/rollouts/${rollout.id}`;
  const short = `${count(gap.proven)} of ${counted(gap.total, 'device')} proven`;
  return (
    <>
      <div className="overview-line">
        <span className="ellipsis">
          <Link href={href} className="name">{title}</Link>
          {rollout.name !== title && <span className="overview-aside">{rollout.name}</span>}
          {rollout.selector === null ? <span className="overview-aside">named devices</span> : <code className="overview-aside">{rollout.selector}</code>}
        </span>
        <StateMark state={at.state} says={at.says} />
      </div>
      <Bar parts={gap.parts} total={gap.total} label={`${title}: ${short}`} />
      <div className="overview-line">
        <span><span className="strong">{count(gap.proven)}</span> of {count(gap.total)} proven{gap.pieces.map(({ count: n, says, deployment }, i) => <span key={says}>{i === 0 ? '; gap: ' : ', '}<Link href={`/devices?rollout=${rollout.id}&deployment=${deployment}`} className="overview-quiet">{count(n)} {says}</Link></span>)}</span>
        <span className="dim">started <Moment at={rollout.createdAt} /> by {rollout.createdBy}</span>
      </div>
      {gap.off !== 0 && <p className="note f-failed" role="alert">These counts do not add up to {count(gap.total)}.</p>}
      {rollout.reason && <p className="small dim overview-reason">{capital(rollout.reason.reason)} <code>{rollout.reason.code}</code></p>}
    </>
  );
}

const lookedAt = 50;

/** Nothing moves: what the one that ended last came to. */
function Still(): ReactNode {
  const last = useAnswer('listRollouts', { query: { live: 'false', limit: lookedAt } });
  return (
    <Answered of={last} what="the last rollout" rows={1}>
      {({ items }) => {
        const one = lastEnded(items);
        return one === undefined
          ? <Empty says="There was no rollout yet." more="A rollout brings a signed release to devices, wave by wave." />
          : (
            <p>
              Nothing moves. The last one was <Link href={`/rollouts/${one.id}`}>{rolloutTitle(one)}</Link>: <StateMark state={rolloutWords[one.state]} />, {count(gapOf(one).proven)} of {counted(gapOf(one).total, 'device')} proven
              {one.finishedAt !== null && <span className="dim">, ended <Moment at={one.finishedAt} /></span>}.
            </p>
          );
      }}
    </Answered>
  );
}

/** Of ended ones the last by its end, however long it took; one without an end, such as a denied one, by its start. */
function lastEnded(items: readonly Rollout[]): Rollout | undefined {
  const end = ({ finishedAt, createdAt }: Rollout): number => Date.parse(finishedAt ?? createdAt);
  return items.toSorted((a, b) => end(b) - end(a))[0];
}
