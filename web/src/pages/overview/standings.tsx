import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { DeviceStanding, Fleet } from '@pier/shared/api';
import { Bar, StateMark } from '../../parts/index.ts';
import { count, counted, standingParts, standingWords } from '../../words/index.ts';
import { fleetSentence, missing } from './fleet-words.ts';

const always: readonly DeviceStanding[] = ['in_step', 'soaking', 'updating', 'waiting', 'offline', 'refused', 'failed'];
const order: readonly DeviceStanding[] = ['in_step', 'soaking', 'updating', 'waiting', 'held', 'offline', 'refused', 'failed', 'pending', 'never_heard', 'revoked'];

/** How all devices stand: one bar, and counters that add up to it. Each leads to the list of just these. */
export function Standings({ fleet }: { fleet: Fleet }): ReactNode {
  const { standings, total } = fleet;
  const off = missing(fleet);
  return (
    <section className="region overview-standings" aria-label="How devices stand">
      <Bar parts={standingParts(standings)} total={total} label={`${counted(total, 'device')}: ${fleetSentence(fleet)}`} height={20} />
      {off !== 0 && <p className="note f-failed" role="alert">These counts do not add up: {count(Math.abs(off))} {off > 0 ? 'missing to' : 'more than'} the total of {count(total)}.</p>}
      <div className="counters">
        {order.filter((one) => always.includes(one) || (standings[one] ?? 0) > 0).map((one) => <Counter key={one} standing={one} n={standings[one] ?? 0} />)}
      </div>
    </section>
  );
}

function Counter({ standing, n }: { standing: DeviceStanding; n: number }): ReactNode {
  const words = standingWords[standing];
  return (
    <Link href={`/devices?standing=${standing}`} className={n === 0 ? 'counter overview-none' : 'counter'}>
      <StateMark state={words} />
      <span className="counter-n figure-small">{count(n)}</span>
      <span className="small dim">{words.note}</span>
    </Link>
  );
}
