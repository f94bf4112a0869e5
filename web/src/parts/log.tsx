import { type ReactNode, type UIEvent, memo, useLayoutEffect, useRef } from 'react';
import { logTime } from '../words/index.ts';
import './log.css';

export type LogLine = { readonly kind: 'line'; readonly id: string; readonly at: string; readonly app?: string; readonly stream: 'stdout' | 'stderr'; readonly text: string };
/** Where lines are missing, and why. */
export type LogGap = { readonly kind: 'gap'; readonly id: string; readonly says: string };
export type LogRow = LogLine | LogGap;

type Props = {
  readonly rows: readonly LogRow[];
  readonly label: string;
  /** What is marked wherever it stands; no line is hidden by it. */
  readonly search?: string;
  /** Whether the newest line stays in sight; told again when somebody scrolls away from it, or back to it. */
  readonly following?: boolean;
  readonly onFollow?: (following: boolean) => void;
};

/** What scrolls must be reachable by keyboard (WCAG 2.1.1), though it is not a control. */
const scroller = { tabIndex: 0 } as const;

/** Lines as an app wrote them: what went to its error stream is called WARN in words, and what is missing says so. */
export function Log({ rows, label, search = '', following = false, onFollow }: Props): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (following && box.current) box.current.scrollTop = box.current.scrollHeight;
  });
  const scrolled = ({ currentTarget: { scrollTop, scrollHeight, clientHeight } }: UIEvent): void => {
    const atEnd = scrollHeight - scrollTop - clientHeight < 24;
    if (atEnd !== following) onFollow?.(atEnd);
  };
  return (
    <div className="log" ref={box} role="log" aria-label={label} aria-live="off" {...scroller} onScroll={onFollow && scrolled}>
      {rows.map((row) => (row.kind === 'gap' ? <p key={row.id} className="log-gap">{row.says}</p> : <Line key={row.id} row={row} search={search} />))}
    </div>
  );
}

const Line = memo(({ row, search }: { row: LogLine; search: string }): ReactNode => (
  <p className="log-line">
    <time dateTime={row.at} title={row.at}>{logTime(row.at)}</time>
    {row.stream === 'stderr' && <b className="log-warn">WARN</b>}
    {row.app !== undefined && <span className={row.stream === 'stderr' ? 'log-warn' : 'log-app'}>{row.app}</span>}
    <span className="log-text">{marked(row.text, search)}</span>
  </p>
));

/** Places where a text has the words, however they are written. */
export function hitsIn(text: string, search: string): readonly (readonly [from: number, to: number])[] {
  const words = search.toLowerCase();
  if (words === '') return [];
  const hits: (readonly [number, number])[] = [];
  const low = text.toLowerCase();
  for (let from = low.indexOf(words); from >= 0; from = low.indexOf(words, from + words.length)) hits.push([from, from + words.length]);
  return hits;
}

function marked(text: string, search: string): ReactNode {
  const hits = hitsIn(text, search);
  if (hits.length === 0) return text;
  const ends = [...hits.map(([from]) => from), text.length];
  return (
    <>
      {text.slice(0, ends[0])}
      {hits.map(([from, to], index) => [<mark key={from}>{text.slice(from, to)}</mark>, text.slice(to, ends[index + 1])])}
    </>
  );
}
