import type { ReactNode } from 'react';
import { type Liveness, type Store, useNow, useStore } from '../api/index.ts';
import { clockSeconds, dayWords, duration, zone } from '../words/index.ts';
import { Icon } from '../parts/index.ts';

/** "Live" tells the truth: it turns into "Stale, 83 s" when nothing is heard any more. */
export function LiveMark({ liveness, wallMs }: { liveness: Store<Liveness>; wallMs: number }): ReactNode {
  const now = useStore(liveness);
  if (now.state === 'live') return <span className="mark f-ok" data-live="live"><span className="dot" />Live</span>;
  if (now.state === 'connecting') return <span className="mark f-waiting" data-live="connecting"><Icon name="ring" turns />Connecting</span>;
  return <span className="mark f-paused" data-live="stale"><Icon name="pause" />Stale, {duration(Math.max(0, wallMs - now.sinceMs))}</span>;
}

/** The manager's time; the zone is said once a page, here. */
export function Clock(): ReactNode {
  const now = useNow();
  return <span className="clock"><span className="wide">{dayWords(now)} </span><span className="strong">{clockSeconds(now)}</span><span className="wide"> {zone(now)}</span></span>;
}

/** What a page shows while nothing is heard: how old it is, and that acts still work. */
export function StaleBanner({ liveness, wallMs }: { liveness: Store<Liveness>; wallMs: number }): ReactNode {
  const now = useStore(liveness);
  if (now.state !== 'stale') return null;
  const why = `${now.why.charAt(0).toUpperCase()}${now.why.slice(1)}`;
  return (
    <p className="stale-banner f-paused" role="status" data-condition="stale">
      <Icon name="alert" />
      <span><span className="strong">Not live since {clockSeconds(now.sinceMs)}.</span> Numbers below are {duration(Math.max(0, wallMs - now.sinceMs))} old. {why}. Acts still work where the manager answers.</span>
    </p>
  );
}
