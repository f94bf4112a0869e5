import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Forecast } from '@pier/shared/api';
import { Bar, Icon, Region } from '../../parts/index.ts';
import { bytes, capital, clockSeconds, count, counted } from '../../words/index.ts';

const sum = (groups: Forecast['leftOut']): number => groups.reduce((all, one) => all + one.count, 0);

/** What the rollout would do if it were started now. `stale`: the form has changed since. */
export function ForecastPanel({ forecast, atMs, stale }: { forecast: Forecast; atMs: number; stale: boolean }): ReactNode {
  const { devices, online, waves, leftOut, wouldWait } = forecast;
  const [out, wait] = [sum(leftOut), sum(wouldWait)];
  const inWaves = waves.reduce((all, one) => all + one.devices, 0);
  const parts = [
    { key: 'at-once', word: 'Get it at once', family: 'busy' as const, count: devices - wait },
    { key: 'wait', word: 'Wait first', family: 'waiting' as const, count: wait },
    { key: 'out', word: 'Left out', family: 'excluded' as const, count: out },
  ].filter((part) => part.count > 0);
  const sentence = `${count(devices)} of ${count(devices + out)} will get it`;
  return (
    <>
      <Region title="Forecast" note={<span aria-live="polite">{stale ? 'being made anew' : `made ${clockSeconds(atMs)}`}</span>}>
        <p className="new-rollout-figures"><span><span className="figure">{count(devices)}</span> of {counted(devices + out, 'device')} will get it</span><span><span className="figure">{count(out)}</span> left out</span></p>
        <Bar parts={parts} total={devices + out} label={`${sentence}, ${count(wait)} of them wait first, ${count(out)} left out`} />
        <p className="small dim new-rollout-key">{parts.map((part) => `${count(part.count)} ${part.word.toLowerCase()}`).join(', ')}</p>
        <table className="table">
          <thead><tr><th scope="col">Wave</th><th scope="col" className="end">Devices</th></tr></thead>
          <tbody>
            {waves.map((wave) => <tr key={wave.n}><td>Wave {wave.n}</td><td className="end">{count(wave.devices)}</td></tr>)}
            <tr className="strong"><td>All</td><td className="end">{count(inWaves)}</td></tr>
          </tbody>
        </table>
        {inWaves !== devices && <p className="note f-failed" role="alert">The waves hold {count(inWaves)}, not {count(devices)}: these counts do not add up.</p>}
        <p className="small dim">{count(online)} of {count(devices)} online now; {forecast.bytes === 0 ? 'all have the artifact already' : `${bytes(forecast.bytes)} to fetch in all`}.</p>
      </Region>
      {out > 0 && <Region title="Who is left out, and why" note={count(out)}><Groups groups={leftOut} icon="barred" family="refused" /></Region>}
      {wait > 0 && <Region title="Who would wait, and why" note={count(wait)}><Groups groups={wouldWait} icon="clock" family="waiting" /></Region>}
      {forecast.needsApproval && (
        <Region title="Approval needed">
          <p className="note f-paused">{capital(forecast.needsApproval.reason)}. <code>{forecast.needsApproval.code}</code></p>
        </Region>
      )}
    </>
  );
}

function Groups({ groups, icon, family }: { groups: Forecast['leftOut']; icon: 'barred' | 'clock'; family: 'refused' | 'waiting' }): ReactNode {
  return (
    <ul className="rows">
      {groups.map(({ code, sentence, count: n, devices }) => (
        <li key={`${code} ${sentence}`}>
          <span className={`mark f-${family}`}><Icon name={icon} /></span>
          <span className="strong">{count(n)}</span>
          <span className="new-rollout-reason">
            {sentence} <code>{code}</code>
            <span className="small dim new-rollout-such">{devices.slice(0, 3).map((id) => <Link key={id} href={`/devices/${id}`}>{id}</Link>)}{n > 3 && `and ${count(n - 3)} more`}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}
