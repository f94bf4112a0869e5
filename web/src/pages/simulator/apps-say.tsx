/** How the apps on the board take what is done to it: what they write and what they measure. */
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { AnswerOf } from '@pier/shared/api';
import { useAnswer } from '../../api/index.ts';
import { Answered, Moment, Region } from '../../parts/index.ts';
import { counted, duration, logTime } from '../../words/index.ts';

const askMs = 1_000;
const linesMax = 8;

export function AppsSay({ device, apps }: { device: string; apps: readonly string[] }): ReactNode {
  return (
    <>
      {apps.map((app) => <AppSays key={app} device={device} app={app} />)}
    </>
  );
}

function AppSays({ device, app }: { device: string; app: string }): ReactNode {
  const log = useAnswer('getLog', { params: { device, app }, query: { limit: linesMax } }, { everyMs: askMs });
  const samples = useAnswer('getTelemetry', { params: { device }, query: { app, order: 'desc', limit: 20, sinceS: 120 } }, { everyMs: askMs });
  return (
    <Region title={`What ${app} says`} note={<>newest first; <Link href={`/devices/${device}/logs?app=${app}`}>its log</Link></>}>
      {samples.data !== undefined && samples.data.items.length > 0 && <Samples items={samples.data.items} />}
      <Answered of={log} what={`the log of ${app}`} rows={2}>{(answer) => <Lines log={answer} />}</Answered>
    </Region>
  );
}

/** The newest value of each series; the time is the device's. */
function Samples({ items }: { items: AnswerOf<'getTelemetry'>['items'] }): ReactNode {
  const newest = [...new Map(items.toReversed().map((item) => [item.series, item])).values()].toSorted((a, b) => a.series.localeCompare(b.series));
  return (
    <ul className="rows">
      {newest.map(({ series, unit, value, at }) => <li key={series}><span className="strong">{series}</span><span>{value.toLocaleString('en-GB', { maximumFractionDigits: 3 })} {unit}</span><span className="push small dim mono">{logTime(at)}</span></li>)}
    </ul>
  );
}

function Lines({ log: { lines, dropped } }: { log: AnswerOf<'getLog'> }): ReactNode {
  return (
    <>
      {lines.length === 0 ? <p className="small dim">It has written nothing that is kept.</p> : (
        <ol className="sim-log" reversed>{lines.toReversed().map(({ id, at, stream, text }) => <li key={id}><span className="dim">{logTime(at)}</span> {stream === 'stderr' && <b>err </b>}{text}</li>)}</ol>
      )}
      {dropped > 0 && <p className="small dim">{counted(dropped, 'line')} dropped.</p>}
    </>
  );
}

/** The last end of an app on this device: how fast its outputs were safe, as its agent measured. */
export function SafeState({ device }: { device: string }): ReactNode {
  const events = useAnswer('listEvents', { params: { device }, query: { limit: 50 } });
  const ends = (events.data?.items ?? []).filter(({ safeMs }) => safeMs !== null);
  const [last] = ends;
  if (last === undefined) return null;
  return (
    <Region title="Safe state" note="as the agent measured it">
      <p><span className="strong">{last.app ?? 'An app'}</span> ended at <Moment at={last.at} />: {last.reason ?? last.code ?? last.type}. All its outputs were safe after <span className="strong">{precise(last.safeMs ?? 0)}</span>.</p>
      {ends.length > 1 && <p className="small dim">Slowest of the last {counted(ends.length, 'end')}: {precise(Math.max(...ends.map(({ safeMs }) => safeMs ?? 0)))}.</p>}
    </Region>
  );
}

const precise = (ms: number): string => (ms < 10 ? `${ms.toFixed(1)} ms` : duration(ms));
