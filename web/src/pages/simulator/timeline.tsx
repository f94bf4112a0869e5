import type { ReactNode } from 'react';
import { Region, TableScroll } from '../../parts/index.ts';
import { count, counted } from '../../words/index.ts';
import type { SimLine, Wired } from './board-view.ts';
import { type Edge, type Kept, type Lane, keptMax, lanePath, lanesOf, msAgo, windowMs } from './record.ts';

const tableMax = 20;
export const byWords = { guest: 'its app', agent: 'the agent', outside: 'from outside', release: 'released' } as const satisfies Record<Edge['by'], string>;
const ticksS = [30, 20, 10, 0] as const;

type Props = { readonly kept: Kept; readonly lines: readonly SimLine[]; readonly wired: readonly Wired[] };
type TimelineProps = Props & { /** Whether it could not be read again. */ readonly isOld: boolean };

/** What the board recorded of its lines in the last 30 s: those of parts first, then those that moved. */
export function Timeline({ kept, lines, wired, isOld }: TimelineProps): ReactNode {
  const shown = shownLines({ kept, lines, wired });
  const lanes = lanesOf(kept, shown);
  const recent = kept.edges.slice(-tableMax).toReversed();
  return (
    <Region title="Levels, the last 30 s" note={<>the board’s own record; {leftWords(kept)}</>}>
      {isOld && <p className="note f-paused" role="status">The record could not be read again; what is shown is older.</p>}
      {lanes.length === 0 ? <p className="dim">Nothing hangs on a line of this board, and no app holds one.</p> : (
        <div className="sim-lanes" role="group" aria-label="One lane per line">
          <span className="caption dim">line</span>
          <div className="sim-axis caption dim" aria-hidden="true">{ticksS.map((s) => <span key={s} style={{ left: `${(1 - (s * 1_000) / windowMs) * 100}%` }}>{s === 0 ? 'now' : `${s} s ago`}</span>)}</div>
          <span className="caption dim end">changes</span>
          {lanes.map((lane) => <LaneRow key={lane.name} lane={lane} name={wired.find(({ line }) => line?.name === lane.name)?.name} />)}
        </div>
      )}
      <p className="sim-marks small soft"><span><i className="sim-mark sim-by-outside" /> from outside</span><span><i className="sim-mark sim-by-agent" /> by the agent</span><span><i className="sim-mark sim-by-release" /> released by its holder</span><span>unmarked: by its app</span></p>
      {recent.length > 0 && <Recent edges={recent} kept={kept} />}
    </Region>
  );
}

function leftWords({ left, edges }: Kept): string {
  const most = edges.length >= keptMax ? `, ${count(keptMax)} at most` : '';
  if (left + edges.length === 0) return 'nothing is recorded yet';
  return left === 0 ? `all ${counted(edges.length, 'change')} of it kept` : `${counted(edges.length, 'change')} kept${most}, ${counted(left, 'older one')} left out`;
}

function shownLines({ kept, lines, wired }: Props): SimLine[] {
  const own = wired.toSorted((a, b) => Number(b.part !== undefined) - Number(a.part !== undefined)).flatMap(({ line }) => (line === undefined ? [] : [line]));
  const moved = new Set(kept.edges.filter(({ tNs }) => msAgo(kept, tNs) < windowMs).map(({ name }) => name));
  return [...own, ...lines.filter((line) => moved.has(line.name) && !own.includes(line))];
}

function LaneRow({ lane, name }: { lane: Lane; name: string | undefined }): ReactNode {
  const last = lane.steps.at(-1)?.level;
  return (
    <>
      <span className="sim-lane-name ellipsis">{name ?? lane.name} {name !== undefined && <span className="dim">{lane.name}</span>}</span>
      <svg className="sim-lane" viewBox="0 0 1000 20" preserveAspectRatio="none" role="img" aria-label={`${name ?? lane.name}: ${counted(lane.changes, 'change')} in 30 s${last === undefined ? '' : `, now ${last === 1 ? 'high' : 'low'}`}`}>
        {ticksS.map((s) => <path key={s} d={`M${Math.min(999, (1 - (s * 1_000) / windowMs) * 1_000)} 0V20`} className="sim-tick" />)}
        <path d={lanePath(lane)} className="sim-trace" />
        {lane.steps.map(({ at, edge }) => (edge === undefined || edge.by === 'guest' ? null : <path key={String(edge.tNs)} d={`M${at * 1_000} 0V20`} className={`sim-by sim-by-${edge.by}`} />))}
      </svg>
      <span className="end">{count(lane.changes)}</span>
    </>
  );
}

/** The same as numbers: when exactly, to which level, by whom. */
function Recent({ edges, kept }: { edges: readonly Edge[]; kept: Kept }): ReactNode {
  return (
    <details className="sim-recent">
      <summary>The last {counted(edges.length, 'change')} in numbers</summary>
      <TableScroll>
        <table className="table">
          <thead><tr><th scope="col" className="end">Ago, ms</th><th scope="col">Line</th><th scope="col">Level</th><th scope="col" className="sim-wide">Direction</th><th scope="col">By</th><th scope="col" className="sim-wide">Holder</th></tr></thead>
          <tbody>
            {edges.map(({ tNs, name, level, direction, by, consumer }) => (
              <tr key={`${tNs} ${name}`}>
                <td className="end mono">{msAgo(kept, tNs).toFixed(3)}</td>
                <td>{name}</td>
                <td>{level === 1 ? 'H' : 'L'}</td>
                <td className="sim-wide">{direction}</td>
                <td>{byWords[by]}</td>
                <td className="sim-wide">{consumer ?? <span className="dim">nobody</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </details>
  );
}
