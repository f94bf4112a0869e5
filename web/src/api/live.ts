/**
 * One event stream for all tabs of a browser: HTTP/1.1 gives an origin six connections, and a seventh tab would hang. The tab
 * that holds the lock follows the stream and tells the others; when it goes, another takes over after the last id it heard.
 */
import type { ChangeEvent } from '@pier/shared/api';
import { type Clock, type Random, Fault, backoffMs } from '@pier/shared/core';
import type { Api } from './api.tsx';
import { type Store, newStore } from './store.ts';

export type Liveness =
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  /** Nothing was heard since; what pages show may be old. */
  | { readonly state: 'stale'; readonly sinceMs: number; readonly why: string };

type Told = { readonly kind: 'change'; readonly id: string | undefined; readonly data: ChangeEvent } | { readonly kind: 'liveness'; readonly liveness: Liveness } | { readonly kind: 'who-leads' };

export type Live = { readonly liveness: Store<Liveness> } & Disposable;
export type LiveDeps = {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly onChange: (change: ChangeEvent) => void;
  /** What passes between tabs, and which of them leads. */
  readonly channel: Pick<BroadcastChannel, 'postMessage' | 'addEventListener' | 'close'>;
  readonly locks: Pick<LockManager, 'request'>;
};

const back = { baseMs: 1_000, capMs: 15_000 };

export function openLive(deps: LiveDeps): Live {
  const { channel, locks, onChange } = deps;
  const liveness = newStore<Liveness>({ state: 'connecting' });
  const stop = new AbortController();
  const place: Place = { after: undefined, leads: false };
  channel.addEventListener('message', ({ data }: MessageEvent<Told>) => {
    if (data.kind === 'change') {
      place.after = data.id ?? place.after;
      onChange(data.data);
    } else if (data.kind === 'liveness') liveness.set(data.liveness);
    else if (place.leads) channel.postMessage({ kind: 'liveness', liveness: liveness.get() } satisfies Told);
  });
  channel.postMessage({ kind: 'who-leads' } satisfies Told);
  const tell = (said: Liveness): void => {
    const was = liveness.get();
    // The first moment without a stream is kept over all that fails after it, whichever tab leads, until one is open again.
    const next = said.state === 'stale' && was.state === 'stale' ? { ...said, sinceMs: was.sinceMs } : said;
    liveness.set(next);
    if (!stop.signal.aborted) channel.postMessage({ kind: 'liveness', liveness: next } satisfies Told);
  };
  const lead = async (): Promise<void> => {
    place.leads = true;
    await followForEver(deps, { place, tell, signal: stop.signal });
  };
  locks.request('pier.events', { signal: stop.signal }, lead).catch(() => {
    // Closed while it waited for the lock, or while it led: there is nothing left to follow.
  });
  return {
    liveness,
    [Symbol.dispose]: () => {
      stop.abort();
      channel.close();
    },
  };
}

type Place = { after: string | undefined; leads: boolean };

async function followForEver({ api, clock, random, onChange, channel }: LiveDeps, { place, tell, signal }: { place: Place; tell: (next: Liveness) => void; signal: AbortSignal }): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      const onOpen = (): void => {
        attempt = 0;
        tell({ state: 'live' });
      };
      for await (const { id, data } of api.follow('streamChanges', { after: place.after, onOpen }, signal)) {
        place.after = id ?? place.after;
        channel.postMessage({ kind: 'change', id, data } satisfies Told);
        onChange(data);
      }
      tell({ state: 'stale', sinceMs: clock.nowMs(), why: 'the manager ended the stream' });
    } catch (thrown) {
      if (signal.aborted) return;
      if (thrown instanceof Fault && thrown.code === 'unauthenticated') api.session.set('ended');
      tell({ state: 'stale', sinceMs: clock.nowMs(), why: thrown instanceof Error ? thrown.message : String(thrown) });
    }
    await clock.sleep(backoffMs(attempt, random, back) + back.baseMs / 2, signal);
  }
}
