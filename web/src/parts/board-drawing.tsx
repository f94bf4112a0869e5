import { type ReactNode, memo, useEffect, useRef, useState } from 'react';
import { systemClock } from '@pier/shared/core';
import { type HeaderPin, boardSentence } from './board-pins.ts';
import { Icon } from './icon.tsx';
import './board-drawing.css';

/** A board that flickers tells nobody anything: no more than four pictures a second. */
const drawnEveryMs = 250;

type Props = {
  readonly pins: readonly HeaderPin[];
  /** Name of the line that is pointed at, here or in the table beside. */
  readonly chosen?: string | undefined;
  readonly onChoose?: ((line: string | undefined) => void) | undefined;
};

/** The header in its true order, as one looks at the board. The table beside it carries the same facts for whoever cannot see it. */
export function BoardDrawing({ pins, chosen, onChoose }: Props): ReactNode {
  const shown = useCalm(pins);
  return (
    <div onMouseLeave={() => onChoose?.(undefined)}>
      <div className="board" role="img" aria-label={boardSentence(shown)}>
        <div className="board-plate" aria-hidden="true"><div className="board-header" /></div>
        {shown.map((pin) => <Pin key={pin.pin} pin={pin} chosen={pin.use !== undefined && pin.name === chosen} onChoose={onChoose} />)}
      </div>
    </div>
  );
}

/** What the letters and arrows of the drawing mean. */
export function BoardLegend(): ReactNode {
  return (
    <span className="board-legend small soft">
      <span><b className="mono strong">H</b> high</span>
      <span><b className="mono strong">L</b> low</span>
      <span><Arrow direction="out" points="right" /> out</span>
      <span><Arrow direction="in" points="left" /> in</span>
      <span><Icon name="lock" size={12} /> system</span>
    </span>
  );
}

type PinProps = { readonly pin: HeaderPin; readonly chosen: boolean; readonly onChoose: Props['onChoose'] };

const Pin = memo(({ pin, chosen, onChoose }: PinProps): ReactNode => {
  const { pin: number, name, kind, note, use } = pin;
  const side = number % 2 === 1 ? 'left' : 'right';
  const row = Math.ceil(number / 2) + 1;
  const at = (column: number): { gridColumn: number; gridRow: number } => ({ gridColumn: column, gridRow: row });
  const point = (): void => onChoose?.(use ? name : undefined);
  const outward = side === 'left' ? 'left' : 'right';
  const inward = side === 'left' ? 'right' : 'left';
  return (
    <>
      <span className={`board-words board-${side}${use ? ' board-used' : ''}${chosen ? ' board-chosen' : ''}`} style={at(side === 'left' ? 1 : 6)} onMouseEnter={point} title={use ? `${name}: ${use.label} of ${use.app}` : note}>
        {use ? <span className="board-label">{use.label}</span> : note !== undefined && <span className="board-note">{note}</span>}
        <span className="board-name">{name}</span>
        <span className="board-arrow">{use && <Arrow direction={use.direction} points={use.direction === 'out' ? outward : inward} />}</span>
      </span>
      <span className="board-silk" style={at(side === 'left' ? 2 : 5)} onMouseEnter={point}>{number}</span>
      <span className={`board-pad board-pad-${side}`} style={at(side === 'left' ? 3 : 4)} onMouseEnter={point}>
        <Pad square={number === 1} kind={kind} direction={use?.direction} level={use?.level} />
      </span>
    </>
  );
}, (was, is) => was.chosen === is.chosen && was.onChoose === is.onChoose && samePin(was.pin, is.pin));

function samePin(a: HeaderPin, b: HeaderPin): boolean {
  return a.name === b.name && a.kind === b.kind && a.note === b.note && a.use?.label === b.use?.label && a.use?.app === b.use?.app && a.use?.direction === b.use?.direction && a.use?.level === b.use?.level;
}

type PadProps = { readonly square: boolean; readonly kind: HeaderPin['kind']; readonly direction: 'in' | 'out' | undefined; readonly level: 0 | 1 | undefined };

/** One pad on a grid of 18: shape and sign tell what it is, colour only says it again. */
function Pad({ square, kind, direction, level }: PadProps): ReactNode {
  const look = direction === undefined ? kind : `${direction} pad-${level === undefined ? 'unknown' : level === 1 ? 'high' : 'low'}`;
  return (
    <svg className={`pad pad-${look}`} width="18" height="18" viewBox="0 0 18 18" aria-hidden="true" focusable="false">
      {square ? <rect x="1.5" y="1.5" width="15" height="15" rx="1" className="pad-rim" /> : <circle cx="9" cy="9" r="7.5" className="pad-rim" />}
      {direction === undefined ? <PadSign kind={kind} /> : <text x="9" y="12.6" textAnchor="middle" className="pad-letter">{level === undefined ? '?' : level === 1 ? 'H' : 'L'}</text>}
    </svg>
  );
}

function PadSign({ kind }: { kind: HeaderPin['kind'] }): ReactNode {
  if (kind === 'power') return <path d="M9.9 3.6 5.6 9.9h3L8 14.4l4.4-6.3h-3z" className="pad-solid" />;
  if (kind === 'ground') return <path d="M9 4.2v4.3M5 8.500h8M6.500 11h5M8 13.400h2" className="pad-stroke" />;
  if (kind === 'reserved') return <path d="M6 8.300h6v4.500H6zM7.200 8.300V6.900a1.800 1.800 0 0 1 3.600 0v1.400" className="pad-stroke" />;
  return <circle cx="9" cy="9" r="2" className="pad-solid" />;
}

function Arrow({ direction, points }: { direction: 'in' | 'out'; points: 'left' | 'right' }): ReactNode {
  return (
    <svg className={`board-points board-points-${direction}`} width="7" height="10" viewBox="0 0 7 10" aria-hidden="true" focusable="false">
      <path d={points === 'left' ? 'M7 0v10L0 5z' : 'M0 0v10l7-5z'} />
    </svg>
  );
}

/** The newest value, taken over at once and then not again for a while; the last one is never lost. */
function useCalm<T>(value: T): T {
  const [shown, setShown] = useState(value);
  const latest = useRef(value);
  const quiet = useRef<Disposable>(undefined);
  useEffect(() => {
    latest.current = value;
    if (quiet.current !== undefined) return;
    const take = (): void => {
      setShown(latest.current);
      const taken = latest.current;
      quiet.current = systemClock.after(drawnEveryMs, () => {
        quiet.current = undefined;
        if (latest.current !== taken) take();
      });
    };
    take();
  }, [value]);
  useEffect(() => () => {
    quiet.current?.[Symbol.dispose]();
    quiet.current = undefined;
  }, []);
  return shown;
}
