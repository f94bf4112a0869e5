/** The parts of a board, to look at and to touch. Each says its line or port, its level, and since when. */
import type { ReactNode } from 'react';
import { ActButton } from '../../parts/index.ts';
import { counted } from '../../words/index.ts';
import { type SimLine, type Wired, faultWords, partWords, readings } from './board-view.ts';
import { MeterSet } from './meter-set.tsx';
import { type Kept, levelSince, movesOf, rateOf } from './record.ts';
import { SinceWords } from './since.tsx';
import type { Driver } from './use-sim.ts';

const pressMs = 100;

type Props = { readonly wired: Wired; readonly kept: Kept | undefined; readonly driver: Driver };

export function PartCard({ wired, kept, driver }: Props): ReactNode {
  const { id, name, part, port } = wired;
  return (
    <section className={`sim-part${port?.plugged === false ? ' sim-part-pulled' : ''}`} data-anchor={id} aria-label={`${part ? partWords[part.kind] : 'Line'} ${name}`}>
      <div className="sim-part-head"><h3>{name}</h3><span className="small dim">{part ? partWords[part.kind] : 'nothing hangs on it'}</span></div>
      <p className="small soft">{whereWords(wired)}</p>
      <Body wired={wired} kept={kept} driver={driver} />
    </section>
  );
}

function whereWords({ line, port, holding, isTold }: Wired): string {
  const place = line ? `${line.name}${line.headerPin === null ? '' : `, pin ${line.headerPin}`}` : port ? `port ${port.port}${port.baud === null ? '' : `, ${port.baud} baud`}` : '';
  if (!isTold) return place;
  return holding === undefined ? `${place}; no app holds it` : `${place}; ${holding.label === undefined ? '' : `${holding.label} of `}${holding.app}`;
}

function Body({ wired: { part, line, port }, kept, driver }: Props): ReactNode {
  if (line !== undefined && part?.kind === 'led') return <Led line={line} kept={kept} />;
  if (line !== undefined && part?.kind === 'button') return <PushButton name={part.name} line={line} kept={kept} driver={driver} />;
  if (line !== undefined) return <LevelWords line={line} kept={kept} />;
  if (port === undefined) return null;
  return (
    <>
      {part?.kind === 'modbus-meter' && <Meter values={part.values} />}
      {part?.kind === 'modbus-meter' && <MeterSet part={part.name} values={part.values} driver={driver} />}
      <p className="small soft">{port.plugged ? `${counted(port.frames, 'question')}, ${counted(port.answers, 'answer')}; ${counted(port.crcErrors, 'wrong check sum')} heard` : <span className="f-failed sim-bad">Unplugged; its path is gone</span>}</p>
      {part?.kind === 'serial-echo' && <p className="small dim">{counted(port.bytesIn, 'byte')} heard, {counted(port.bytesOut, 'byte')} sent back</p>}
      {port.fault !== 'none' && <p className="small f-failed sim-bad">{faultWords[port.fault].word}{port.faultsLeft === null ? ', until ended' : `, ${port.faultsLeft} more`}</p>}
      <div className="sim-acts"><ActButton compact icon="unplug" onClick={() => driver.act(port.plugged ? { act: 'unplug', port: port.port } : { act: 'plug', port: port.port })} off={driver.off} offQuiet>{port.plugged ? 'Unplug' : 'Plug in'}</ActButton></div>
    </>
  );
}

/** H or L, big, and since when. */
function LevelWords({ line, kept, says }: { line: SimLine; kept: Kept | undefined; says?: string }): ReactNode {
  return (
    <div className="sim-level">
      <span className={`sim-hl ${line.level === 1 ? 'sim-high' : 'sim-low'}`}>{line.level === 1 ? 'H' : 'L'}</span>
      <span><span className="strong">{says ?? (line.level === 1 ? 'high' : 'low')}</span><br /><span className="small dim">{kept === undefined ? 'its record is being read' : <SinceWords since={levelSince(kept, line.name)} />}</span></span>
    </div>
  );
}

/** Lit while its line is high. One that blinks does so here at the rate that the record shows. */
function Led({ line, kept }: { line: SimLine; kept: Kept | undefined }): ReactNode {
  const rate = rateOf(kept, line.name);
  const periodMs = rate === undefined ? undefined : Math.round(1_000 / rate.hz / 20) * 20;
  return (
    <div className="sim-row">
      <svg className={`sim-led${periodMs === undefined ? (line.level === 1 ? ' sim-led-lit' : '') : ' sim-led-blinks'}`} {...(periodMs !== undefined && { style: { animationDuration: `${periodMs}ms` } })} width="40" height="44" viewBox="0 0 40 44" aria-hidden="true" focusable="false">
        <circle cx="20" cy="20" r="19" className="sim-led-glow" />
        <path d="M11 32V19a9 9 0 0 1 18 0v13z" className="sim-led-lens" />
        <path d="M8 32h24v4H8zM15 36v8M25 36v8" className="sim-led-foot" />
      </svg>
      {rate === undefined ? <LevelWords line={line} kept={kept} says={line.level === 1 ? 'lit' : 'dark'} /> : (
        <div className="sim-level">
          <span className={`sim-hl ${line.level === 1 ? 'sim-high' : 'sim-low'}`}>{line.level === 1 ? 'H' : 'L'}</span>
          <span><span className="strong">blinks, {rate.hz.toFixed(1)} Hz</span><br /><span className="small dim">high {Math.round(rate.duty * 100)} % of the time</span></span>
        </div>
      )}
    </div>
  );
}

function PushButton({ name, line, kept, driver }: { name: string; line: SimLine; kept: Kept | undefined; driver: Driver }): ReactNode {
  const off = driver.off ?? (line.direction === 'out' ? `${line.name} is an output now.` : undefined);
  const other = line.level === 1 ? 0 : 1;
  const presses = kept === undefined ? 0 : movesOf(kept, line.name).filter(({ by }) => by === 'outside').length;
  return (
    <>
      <div className="sim-row">
        <svg className="sim-button" width="44" height="36" viewBox="0 0 44 36" aria-hidden="true" focusable="false">
          <rect x="1" y="1" width="42" height="34" rx="2" className="sim-button-body" />
          <circle cx="22" cy="18" r="12" className="sim-button-rim" />
          <circle cx="22" cy="18" r="8.5" className="sim-button-cap" />
        </svg>
        <LevelWords line={line} kept={kept} />
      </div>
      {kept !== undefined && <p className="small dim">{presses === 0 ? 'Not touched in what is kept of the record' : `${counted(presses, 'change')} from outside in what is kept of the record`}</p>}
      <div className="sim-acts">
        <ActButton compact variant="primary" onClick={() => driver.act({ act: 'press', part: name, ms: pressMs })} off={off} offQuiet>Press {pressMs} ms</ActButton>
        <ActButton compact onClick={() => driver.act({ act: 'level', line: name, level: other })} off={off} offQuiet>Hold at {other === 1 ? 'H' : 'L'}</ActButton>
      </div>
    </>
  );
}

function Meter({ values }: { values: Readonly<Record<string, number>> }): ReactNode {
  const [first, ...rest] = readings(values).toSorted((a, b) => Number(b.name === 'powerW') - Number(a.name === 'powerW'));
  if (first === undefined) return null;
  return (
    <>
      <p className="figure-small">{shown(first.value)} {first.unit}</p>
      <p className="small soft">{rest.map(({ value, unit }) => `${shown(value)} ${unit}`).join(', ')}</p>
    </>
  );
}

/** A reading as an instrument shows it: up to three decimals. */
const shown = (value: number): string => value.toLocaleString('en-GB', { maximumFractionDigits: 3 });
