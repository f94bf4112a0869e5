/** Loading, error and stale: three conditions of any answer. Empty and "nothing matches" are the page's to tell apart. */
import { Button } from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';
import type { UseQueryResult } from '@tanstack/react-query';
import { type Fault, systemClock } from '@pier/shared/core';
import { againMs } from '../api/index.ts';
import { capital, clockSeconds, countdown, sentence } from '../words/index.ts';
import { Copy } from './copy.tsx';

/** What is needed of a query's result, whichever kind it is. */
type Asked<T> = Pick<UseQueryResult<T, Fault>, 'data' | 'error' | 'isFetching' | 'errorUpdatedAt'> & { readonly refetch: () => unknown };
type Props<T> = {
  readonly of: Asked<T>;
  /** Completes "… could not be read", and "Waiting for …": "the list of devices". */
  readonly what: string;
  /** How many rows the shape has that stands for it meanwhile. */
  readonly rows?: number;
  /** Whether what is answered brings regions of its own: then the condition stands in one, too. */
  readonly framed?: boolean;
  /** The head of a page that cannot be named before there is an answer. */
  readonly head?: ReactNode;
  readonly children: (answer: T) => ReactNode;
};

/** Shows an answer once it is there. One that could not be renewed stays, with a line that says so; that a session has ended is said once, over the page. */
export function Answered<T>({ of, what, rows = 4, head, framed = head !== undefined, children }: Props<T>): ReactNode {
  const frame = (condition: ReactNode): ReactNode => (framed ? <div className="region">{condition}</div> : condition);
  if (of.data !== undefined) return <>{of.error && of.error.code !== 'unauthenticated' && frame(<Unread of={of} what={what} still />)}{children(of.data)}</>;
  return <>{head}{frame(of.error ? <Unread of={of} what={what} /> : <Loading what={what} rows={rows} />)}</>;
}

/** The shape of what comes, after 150 ms; after 2 s it says what it waits for. */
export function Loading({ what, rows }: { what: string; rows: number }): ReactNode {
  const shown = useElapsed(150);
  const slow = useElapsed(2_000);
  return (
    <div aria-busy="true" className="condition" data-condition="loading">
      {shown && Array.from({ length: rows }, (_, row) => <div key={row} className="shape" style={{ width: `${92 - ((row * 17) % 40)}%` }} />)}
      <p className={slow ? 'small dim' : 'sr-only'} role="status">Waiting for {what}.</p>
    </div>
  );
}

function Unread({ of, what, still = false }: { of: Pick<Asked<unknown>, 'error' | 'isFetching' | 'errorUpdatedAt' | 'refetch'>; what: string; still?: boolean }): ReactNode {
  const { error } = of;
  if (error === null) return null;
  const at = clockSeconds(of.errorUpdatedAt);
  return (
    <div className="condition condition-error" role="alert" data-condition="error">
      <p><span className="strong">{still ? `Not renewed: ${what} could not be read again.` : `${capital(what)} could not be read.`}</span> {sentence(error.message)} {still ? 'What is shown is older.' : 'Nothing was changed.'}</p>
      <p className="small dim"><code>{error.code}</code> at {at}; <Again of={of} /></p>
      <div className="condition-acts">
        <Button data-size="compact" onClick={() => void of.refetch()}>Try now</Button>
        <Copy text={`${error.code}: ${error.message} (${what}, ${at})`} label="Copy details" />
      </div>
    </div>
  );
}

function Again({ of }: { of: Pick<Asked<unknown>, 'isFetching' | 'errorUpdatedAt'> }): ReactNode {
  const now = useTicking();
  return of.isFetching ? 'trying again now' : `trying again in ${countdown(of.errorUpdatedAt + againMs - now)}`;
}

/** What is true where there is nothing yet, and the one step that changes it. */
export function Empty({ says, more, children }: { says: string; more?: ReactNode; children?: ReactNode }): ReactNode {
  return (
    <div className="condition" data-condition="empty">
      <p className="strong">{says}</p>
      {more !== undefined && <p className="small dim">{more}</p>}
      {children !== undefined && <div className="condition-acts">{children}</div>}
    </div>
  );
}

/** Something is there, but nothing that fits: what was asked for, and how much that hides. */
export function NoMatch({ says, hidden, children }: { says: ReactNode; hidden?: ReactNode; children?: ReactNode }): ReactNode {
  return (
    <div className="condition" data-condition="no-match" role="status">
      <p>{says}</p>
      {hidden !== undefined && <p className="small dim">{hidden}</p>}
      {children !== undefined && <div className="condition-acts">{children}</div>}
    </div>
  );
}

function useElapsed(ms: number): boolean {
  const [elapsed, setElapsed] = useState(false);
  useEffect(() => {
    const timer = systemClock.after(ms, () => setElapsed(true));
    return () => timer[Symbol.dispose]();
  }, [ms]);
  return elapsed;
}

function useTicking(): number {
  const [now, setNow] = useState(() => systemClock.nowMs());
  useEffect(() => {
    const timer = systemClock.every(1_000, () => setNow(systemClock.nowMs()));
    return () => timer[Symbol.dispose]();
  }, []);
  return now;
}
