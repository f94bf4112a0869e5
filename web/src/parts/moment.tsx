import type { ReactNode } from 'react';
import { useNowAs } from '../api/index.ts';
import { age, ago, clockSeconds, clockTime, countdown } from '../words/index.ts';

/** A moment as evidence: `03:14`, `19 Nov 17:02`; all of it, in UTC, on hover. With `seconds` where several stand in a row. */
export function Moment({ at, seconds = false }: { at: string; seconds?: boolean }): ReactNode {
  return <time dateTime={at} title={at}>{useNowAs((nowMs) => (seconds ? `${clockTime(at, nowMs)}:${clockSeconds(Date.parse(at)).slice(-2)}` : clockTime(at, nowMs)))}</time>;
}

/** A moment as freshness: `4 s ago`. */
export function Ago({ at }: { at: string }): ReactNode {
  return <time dateTime={at} title={at}>{useNowAs((nowMs) => ago(at, nowMs))}</time>;
}

/** For how long something has been so: `17 min`. */
export function Age({ at }: { at: string }): ReactNode {
  return <time dateTime={at} title={at}>{useNowAs((nowMs) => age(at, nowMs))}</time>;
}

/** What is left until a moment: `0:42`; stands still while the page is not live. */
export function Countdown({ to }: { to: string }): ReactNode {
  return <time dateTime={to} title={to} className="strong">{useNowAs((nowMs) => countdown(Date.parse(to) - nowMs))}</time>;
}
