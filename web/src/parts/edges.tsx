import { type ReactNode, useId } from 'react';
import { counted } from '../words/index.ts';
import type { Lane, Stretch } from './edge-lanes.ts';
import './edges.css';

type Props = {
  readonly lanes: readonly Lane[];
  /** The right end of the axis. */
  readonly nowMs: number;
  readonly spanMs: number;
  readonly chosen?: string | undefined;
  readonly onChoose?: (line: string | undefined) => void;
};

const height = 22;
const [top, bottom] = [4, 18];

/** One lane for each line on the same time axis: levels as they were seen, and at the right the edges that the device counted. */
export function Edges({ lanes, nowMs, spanMs, chosen, onChoose }: Props): ReactNode {
  return (
    <div className="edges">
      {lanes.map((lane) => (
        <div key={lane.name} className={`edges-lane${lane.name === chosen ? ' edges-chosen' : ''}`} onMouseEnter={() => onChoose?.(lane.name)} onMouseLeave={() => onChoose?.(undefined)}>
          <span className="ellipsis" title={`${lane.label}, ${lane.name}`}>{lane.label}</span>
          <Trace lane={lane} nowMs={nowMs} spanMs={spanMs} />
          <span className="end strong">{lane.edges}</span>
        </div>
      ))}
      <div className="edges-axis caption dim" aria-hidden="true"><span>−{spanMs / 1_000} s</span><span>−{spanMs / 2_000} s</span><span>now</span></div>
    </div>
  );
}

function Trace({ lane, nowMs, spanMs }: { lane: Lane; nowMs: number; spanMs: number }): ReactNode {
  const hatch = useId();
  const x = (atMs: number): number => Math.round(Math.max(0, Math.min(1, 1 - (nowMs - atMs) / spanMs)) * 10_000) / 10;
  const seen = lane.stretches.filter(({ toMs }) => toMs > nowMs - spanMs);
  const faster = seen.filter((stretch) => stretch.faster);
  return (
    <svg className="edges-trace" viewBox={`0 0 1000 ${height}`} preserveAspectRatio="none" role="img" aria-label={`${lane.label}: ${counted(lane.edges, 'edge')} in ${spanMs / 1_000} s${faster.length > 0 ? ', toggles faster than sampled' : ''}`}>
      <defs>
        <pattern id={hatch} width="9" height={height} patternUnits="userSpaceOnUse"><path d={`M0 ${bottom}L9 ${top}`} className="edges-hatch" /></pattern>
      </defs>
      {[0, 250, 500, 750, 1_000].map((at) => <path key={at} d={`M${at} 0V${height}`} className="edges-grid" />)}
      {faster.map(({ fromMs, toMs }) => <rect key={fromMs} x={x(fromMs)} y={top} width={Math.max(0, x(toMs) - x(fromMs))} height={bottom - top} fill={`url(#${hatch})`} />)}
      <path d={path(seen, x)} className="edges-line" />
    </svg>
  );
}

/** The line through what was seen; it breaks where nothing was, and where more happened than was seen. */
function path(stretches: readonly Stretch[], x: (atMs: number) => number): string {
  let endMs: number | undefined;
  return stretches
    .filter(({ faster }) => !faster)
    .map(({ fromMs, toMs, level }) => {
      const start = endMs === fromMs ? 'L' : 'M';
      endMs = toMs;
      const y = level === 1 ? top : bottom;
      return `${start}${x(fromMs)} ${y}H${x(toMs)}`;
    })
    .join('');
}
