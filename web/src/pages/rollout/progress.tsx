import type { ReactNode } from 'react';
import type { Progress, Rollout } from '@pier/shared/api';
import { useAnswer, useNowAs } from '../../api/index.ts';
import { Answered, Region, Swatch } from '../../parts/index.ts';
import { clockSeconds, clockTime, count } from '../../words/index.ts';

const [width, height] = [300, 90];

/** How many were proven when, from its start until its end or now. */
export function ProvenOverTime({ rollout: { id, finishedAt } }: { rollout: Rollout }): ReactNode {
  const progress = useAnswer('progressRollout', { params: { id } });
  return (
    <Region title="Proven over time" note={finishedAt === null ? 'until now' : 'until its end'}>
      <Answered of={progress} what="how it came along">{(answer) => <Chart progress={answer} />}</Answered>
    </Region>
  );
}

/** A step for each change: a device is proven or it is not, so nothing is drawn between. */
function Chart({ progress: { total, points } }: { progress: Progress }): ReactNode {
  // Only the day is looked at: the curve of a thousand points is not drawn anew each second.
  const now = useNowAs((nowMs) => nowMs - (nowMs % 60_000));
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return null;
  const most = Math.max(...points.map(({ proven }) => proven));
  const short = Date.parse(last.at) - Date.parse(first.at) < 600_000;
  const [from, to] = [first.at, last.at].map((at) => (short ? clockSeconds(Date.parse(at)) : clockTime(at, now)));
  return (
    <>
      <div className="rollout-chart" role="img" aria-label={`From ${from} to ${to}: ${count(last.proven)} of ${count(total)} proven and ${count(last.badly)} ended badly at the end, at most ${count(most)} proven.`}>
        <span className="rollout-chart-y caption"><span>{count(total)}</span><span>{total % 2 === 0 && total > 0 ? count(total / 2) : ''}</span><span>0</span></span>
        <svg viewBox={`0 -1 ${width} ${height + 2}`} preserveAspectRatio="none" aria-hidden="true">
          {[0, 0.5, 1].map((part) => <path key={part} d={`M0 ${part * height}H${width}`} className="rollout-chart-grid" />)}
          {last.badly > 0 && <path d={stepsOf(points.map(({ badly }) => badly), total)} className="rollout-chart-badly" />}
          <path d={stepsOf(points.map(({ proven }) => proven), total)} className="rollout-chart-proven" />
        </svg>
        <span className="rollout-chart-x caption"><span>{from}</span><span>{to}</span></span>
      </div>
      {last.badly > 0 && <p className="small dim rollout-legend"><Swatch family="ok" /> proven <Swatch family="failed" /> ended badly, {count(last.badly)}</p>}
    </>
  );
}

function stepsOf(values: readonly number[], total: number): string {
  const x = (index: number): number => (values.length < 2 ? 0 : (index / (values.length - 1)) * width);
  const y = (n: number): number => height - (total === 0 ? 0 : (n / total) * height);
  return values.map((n, index) => (index === 0 ? `M0 ${y(n)}` : `H${x(index)}V${y(n)}`)).join('');
}
