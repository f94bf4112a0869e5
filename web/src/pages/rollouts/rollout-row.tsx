import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Rollout } from '@pier/shared/api';
import { Bar, Moment, StateMark } from '../../parts/index.ts';
import { capital, count, counted, gapOf, rolloutState, rolloutTitle } from '../../words/index.ts';

/** One rollout as a row. */
export function RolloutRow({ rollout }: { rollout: Rollout }): ReactNode {
  const gap = gapOf(rollout);
  const { state, says } = rolloutState(rollout);
  const title = rolloutTitle(rollout);
  const passed = rollout.waves.filter((wave) => wave.state === 'passed').length;
  return (
    <tr className="goes">
      <td><StateMark state={state} says={says.replace(/, wave .*$/, '')} /></td>
      <th scope="row">
        <Link href={`/rollouts/${rollout.id}`} className="name" data-row>{title}</Link>
        {rollout.name !== title && <span className="rollouts-aside">{rollout.name}</span>}
      </th>
      <td className="rollouts-selector">{rollout.selector === null ? <span className="dim">{count(gap.total)} named</span> : <code title={rollout.selector}>{rollout.selector}</code>}{rollout.mode === 'dynamic' && <span className="small dim"> and later ones</span>}</td>
      <td className={`end${passed === 0 ? ' dim' : ''}`} data-says="Waves passed">{count(passed)} of {count(rollout.waves.length)}</td>
      <td className="rollouts-bar"><Bar parts={gap.parts} total={gap.total} label={`${title}: ${count(gap.proven)} of ${counted(gap.total, 'device')} proven${gap.words === '' ? '' : `; ${gap.words}`}`} /></td>
      <td className={`end${gap.proven === 0 ? ' dim' : ''}`} data-says="Proven">{count(gap.proven)} of {count(gap.total)}</td>
      <td className="rollouts-why small dim" title={rollout.reason?.reason}>{gap.off !== 0 ? <span className="rollouts-wrong" role="alert">counts miss the total by {count(Math.abs(gap.off))}</span> : (rollout.reason !== null ? capital(rollout.reason.reason) : (gap.words || 'nothing is missing'))}</td>
      <td data-says="Started"><Moment at={rollout.createdAt} /> <span className="dim">{rollout.createdBy}</span></td>
      <td data-says="Ended">{rollout.finishedAt === null ? <span className="dim">not yet</span> : <Moment at={rollout.finishedAt} />}</td>
    </tr>
  );
}
