import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Rollout, WaveState, WaveView } from '@pier/shared/api';
import { type IconName, type Part, count } from '../words/index.ts';
import { Bar, Swatch } from './bar.tsx';
import { type Berth, type Counter, berthName, berthNote, berthSize, berthState, berthsOf, countersOf } from './berths.ts';
import { readGate } from './gate.ts';
import { GateMeter } from './gate-meter.tsx';
import { Icon } from './icon.tsx';
import { Moment } from './moment.tsx';
import { StateMark } from './state-mark.tsx';
import './wave-strip.css';

type Props = {
  readonly rollout: Pick<Rollout, 'state' | 'waves'>;
  /** Where the list of just these devices of a wave is, if there is one. */
  readonly hrefOf?: (counter: Counter, wave: WaveView) => string | undefined;
};

/** The rollout as a pier: a deck, waves as berths, gates as piles between them; solid once passed. The wave that is open is widest. */
export function WaveStrip({ rollout: { state, waves }, hrefOf }: Props): ReactNode {
  const berths = berthsOf(waves);
  return (
    <ol className="wave-strip" aria-label="Waves and their gates">
      {berths.map((berth, index) => {
        const [first] = berth.waves;
        const before = waves.find(({ n }) => n === first.n - 1);
        return (
          <li key={first.n} className={berth.current ? 'berth berth-current' : 'berth'} {...(berth.current && { 'aria-current': 'step' as const })}>
            <div className="berth-in">
              {berth.current ? <Current berth={berth} rollout={state} hrefOf={hrefOf} /> : <Aside berth={berth} before={before} rollout={state} />}
            </div>
            {index < berths.length - 1 && <Pile wave={berth.waves.at(-1) ?? first} />}
          </li>
        );
      })}
    </ol>
  );
}

const partsOf = (counters: readonly Counter[]): Part[] => counters.filter((one) => one.count > 0).map(({ key, word, family, count: n }) => ({ key, word, family, count: n }));
const labelOf = (berth: Berth, counters: readonly Counter[]): string => `${berthName(berth)}, ${berthSize(berth)}: ${partsOf(counters).map(({ word, count: n }) => `${count(n)} ${word.toLowerCase()}`).join(', ')}`;
const totalOf = ({ waves }: Berth): number => waves.reduce((sum, wave) => sum + wave.total, 0);

function Name({ berth }: { berth: Berth }): ReactNode {
  const size = berthSize(berth);
  return <span className="berth-name"><span className="strong">{berthName(berth)}</span><span className="dim" title={size}>{size}</span></span>;
}

function Aside({ berth, before, rollout }: { berth: Berth; before: WaveView | undefined; rollout: Rollout['state'] }): ReactNode {
  const counters = countersOf(berth.waves);
  const passedAt = berth.waves.at(-1)?.passedAt;
  const { state, says } = berthState(berth, rollout);
  return (
    <>
      <div className="berth-head"><Name berth={berth} /></div>
      <Bar parts={partsOf(counters)} total={totalOf(berth)} label={labelOf(berth, counters)} height={14} />
      <p className="berth-state"><StateMark state={state} says={<>{says ?? state.word}{state.word === 'Passed' && passedAt ? <> <Moment at={passedAt} /></> : null}</>} /></p>
      <p className="small dim berth-note">{berthNote(berth, before, rollout)}</p>
    </>
  );
}

function Current({ berth, rollout, hrefOf }: { berth: Berth; rollout: Rollout['state']; hrefOf: Props['hrefOf'] }): ReactNode {
  const [wave] = berth.waves;
  const counters = countersOf(berth.waves);
  const sum = counters.reduce((all, one) => all + one.count, 0);
  const { state, says } = berthState(berth, rollout);
  // A gate judges what goes forward; after a roll back its shares mean nothing.
  const judged = wave.state !== 'pending' && rollout !== 'rolling_back' && rollout !== 'rolled_back' && rollout !== 'denied';
  return (
    <>
      <div className="berth-head">
        <Name berth={berth} />
        <span className="berth-since"><StateMark state={state} says={says ?? state.word} /> <Since wave={wave} /></span>
      </div>
      <Bar parts={partsOf(counters)} total={wave.total} label={labelOf(berth, counters)} height={16} />
      <dl className="berth-counters">{counters.map((counter) => <CounterCell key={counter.key} counter={counter} href={hrefOf?.(counter, wave)} />)}</dl>
      {sum !== wave.total && <p className="note f-failed" role="alert"><span className="strong">These do not add up.</span> The states count {count(sum)}, but the wave has {count(wave.total)}.</p>}
      {judged && <div className="berth-gates" role="group" aria-label={`Gate ${wave.n}`}>{readGate(wave).map((reading) => <GateMeter key={reading.kind} reading={reading} />)}</div>}
    </>
  );
}

function Since({ wave: { state, openedAt, passedAt } }: { wave: WaveView }): ReactNode {
  if (state === 'passed') return passedAt && <Moment at={passedAt} />;
  return openedAt && <span className="dim">since <Moment at={openedAt} /></span>;
}

function CounterCell({ counter: { word, family, count: n }, href }: { counter: Counter; href: string | undefined }): ReactNode {
  return (
    <div className={n === 0 ? 'berth-counter berth-counter-none' : 'berth-counter'}>
      <dt><Swatch family={family} /> {word}</dt>
      <dd className="berth-n">{href === undefined || n === 0 ? count(n) : <Link href={href} aria-label={`${count(n)} ${word.toLowerCase()}`}>{count(n)}</Link>}</dd>
    </div>
  );
}

const piles: Readonly<Record<WaveState, { readonly icon: IconName; readonly family: string; readonly says: string }>> = {
  pending: { icon: 'dashed', family: 'f-waiting', says: 'not come to yet' },
  active: { icon: 'clock', family: 'f-waiting', says: 'not passed yet' },
  soaking: { icon: 'hourglass', family: 'f-soaking', says: 'not passed yet' },
  passed: { icon: 'check', family: 'f-ok', says: 'passed' },
  failed: { icon: 'octagon', family: 'f-failed', says: 'failed' },
  reopened: { icon: 'alert', family: 'f-paused', says: 'broken after it had passed' },
};

function Pile({ wave: { n, state } }: { wave: WaveView }): ReactNode {
  const { icon, family, says } = piles[state];
  return (
    <span className={state === 'passed' ? 'pile pile-passed' : 'pile'} title={`Gate ${n} ${says}`}>
      <span className={`pile-mark ${family}`}><Icon name={icon} /></span>
      <span className="sr-only">Gate {n} {says}</span>
    </span>
  );
}
