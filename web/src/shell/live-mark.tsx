import { type ReactNode, useEffect, useState } from 'react';
import { systemClock } from '@pier/shared/core';
import { type Liveness, type Store, useNow, useStore } from '../api/index.ts';
import { clockSeconds, dayWords, duration, sentence, zone } from '../words/index.ts';
import { Icon } from '../parts/index.ts';

/** "Live" tells the truth: it turns into "Stale, 83 s" when nothing is heard any more. */
export function LiveMark({ liveness }: { liveness: Store<Liveness> }): ReactNode {
  const now = useStore(liveness);
  if (now.state === 'live') return <span className="mark f-ok" data-live="live"><span className="dot" />Live</span>;
  if (now.state === 'connecting') return <span className="mark f-waiting" data-live="connecting"><Icon name="ring" turns />Connecting</span>;
  return <span className="mark f-paused" data-live="stale"><Icon name="pause" />Stale, <Since ms={now.sinceMs} /></span>;
}

/** The manager's time; the zone is said once a page, here. */
export function Clock(): ReactNode {
  const now = useNow();
  return <span className="clock"><span className="wide">{dayWords(now)} </span><span className="strong">{clockSeconds(now)}</span><span className="wide"> {zone(now)}</span></span>;
}

/** What a page shows while nothing is heard: how old it is, and that acts still work. */
export function StaleBanner({ liveness }: { liveness: Store<Liveness> }): ReactNode {
  const now = useStore(liveness);
  if (now.state !== 'stale') return null;
  return (
    <p className="stale-banner f-paused" role="status" data-condition="stale">
      <Icon name="alert" />
      <span><span className="strong">Not live since {clockSeconds(now.sinceMs)}.</span> Numbers below are <Since ms={now.sinceMs} /> old. {sentence(now.why)} Acts still work where the manager answers.</span>
    </p>
  );
}

/** By the browser's own time, in whole seconds from one on: how old a page is must be told when nothing else is heard. */
function Since({ ms }: { ms: number }): ReactNode {
  const [now, setNow] = useState(() => systemClock.nowMs());
  useEffect(() => {
    const timer = systemClock.every(1_000, () => setNow(systemClock.nowMs()));
    return () => timer[Symbol.dispose]();
  }, []);
  return duration(Math.max(1_000, now - ms));
}
