import type { ReactNode } from 'react';
import { useNow } from '../api/index.ts';
import { ago, clockTime, countdown } from '../words/index.ts';

/** A moment as evidence: `03:14`, `19 Nov 17:02`; all of it, in UTC, on hover. */
export function Moment({ at }: { at: string }): ReactNode {
  return <time dateTime={at} title={at}>{clockTime(at, useNow())}</time>;
}

/** A moment as freshness: `4 s ago`. */
export function Ago({ at }: { at: string }): ReactNode {
  return <time dateTime={at} title={at}>{ago(at, useNow())}</time>;
}

/** What is left until a moment: `0:42`; stands still while the page is not live. */
export function Countdown({ to }: { to: string }): ReactNode {
  return <time dateTime={to} title={to} className="strong">{countdown(Date.parse(to) - useNow())}</time>;
}
