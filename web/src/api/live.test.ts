import { afterEach, expect, test } from 'vitest';
import type { ChangeEvent } from '@pier/shared/api';
import { Fault, systemClock } from '@pier/shared/core';
import { type Api, newSessionStores } from './api.tsx';
import { type Live, openLive } from './live.ts';

type Stream = { readonly after: string | undefined; readonly say: (id: string, data: ChangeEvent) => void; readonly end: (fault?: Fault) => void };
const opened: Live[] = [];
afterEach(() => {
  for (const live of opened.splice(0)) live[Symbol.dispose]();
});

/** The manager's side of the stream: each follower that comes is here, to be told things and cut. */
function manager() {
  const doors = { shut: false };
  let tries = 0;
  const streams: Stream[] = [];
  const stores = newSessionStores();
  const api: Api = {
    ...stores,
    call: () => Promise.reject(new Fault('unreachable', 'only the stream is asked for')),
    follow: async function* (_name, { after, onOpen }, signal) {
      const waiting: ({ id: string; data: ChangeEvent } | { end: Fault | undefined })[] = [];
      let wake = (): void => {};
      const put = (one: (typeof waiting)[number]): void => {
        waiting.push(one);
        wake();
      };
      signal?.addEventListener('abort', () => put({ end: undefined }));
      if (doors.shut) throw new Fault('unreachable', `attempt ${(tries += 1)} found nobody`);
      streams.push({ after, say: (id, data) => put({ id, data }), end: (fault) => put({ end: fault }) });
      onOpen?.();
      for (;;) {
        const next = waiting.shift();
        if (next === undefined) await new Promise<void>((go) => (wake = go));
        else if ('end' in next) {
          if (next.end) throw next.end;
          return;
        } else yield next as never;
      }
    },
  };
  return { api, streams, doors };
}

const device = (id: string): ChangeEvent => ({ kind: 'device', ids: [id] });
function tab(api: Api, name: string) {
  const heard: string[] = [];
  const live = openLive({ api, clock: systemClock, random: () => 0, onChange: ({ ids }) => heard.push(...ids), channel: new BroadcastChannel(name), locks: navigator.locks });
  opened.push(live);
  return { live, heard };
}

test('of many tabs one follows the stream, all hear it, and all know that they are live', async () => {
  const { api, streams } = manager();
  const tabs = Array.from({ length: 8 }, () => tab(api, 'many'));
  await expect.poll(() => tabs.map(({ live }) => live.liveness.get().state)).toEqual(Array.from({ length: 8 }, () => 'live'));
  streams[0]?.say('1', device('quay'));
  await expect.poll(() => tabs.map(({ heard }) => heard)).toEqual(Array.from({ length: 8 }, () => ['quay']));
  expect(streams.length).toBe(1);
});

test('when the tab that follows is closed, another goes on after the last that was heard', async () => {
  const { api, streams } = manager();
  const [first, second] = [tab(api, 'heir'), tab(api, 'heir')];
  await expect.poll(() => streams.length).toBe(1);
  streams[0]?.say('7', device('quay'));
  await expect.poll(() => second?.heard).toEqual(['quay']);
  first?.live[Symbol.dispose]();
  await expect.poll(() => streams.length).toBe(2);
  expect(streams[1]?.after).toBe('7');
  streams[1]?.say('8', device('mill'));
  await expect.poll(() => second?.heard).toEqual(['quay', 'mill']);
});

test('a cut stream is stale with its reason, is followed again after what was heard, and is live again', async () => {
  const { api, streams } = manager();
  const { live } = tab(api, 'cut');
  await expect.poll(() => live.liveness.get().state).toBe('live');
  streams[0]?.say('3', device('quay'));
  streams[0]?.end(new Fault('timed-out', 'the stream was silent for 20 s'));
  await expect.poll(() => live.liveness.get()).toMatchObject({ state: 'stale', why: 'the stream was silent for 20 s' });
  await expect.poll(() => streams.length, { timeout: 5_000 }).toBe(2);
  expect(streams[1]?.after).toBe('3');
  await expect.poll(() => live.liveness.get().state).toBe('live');
});

test('stale counts from the first moment, whatever fails after it and whoever leads, until it is live again', async () => {
  const { api, streams, doors } = manager();
  const [first, second] = [tab(api, 'long'), tab(api, 'long')];
  await expect.poll(() => second?.live.liveness.get().state).toBe('live');
  doors.shut = true;
  streams[0]?.end(new Fault('timed-out', 'the stream was silent for 20 s'));
  await expect.poll(() => second?.live.liveness.get()).toMatchObject({ why: 'the stream was silent for 20 s' });
  const since = second?.live.liveness.get();
  const sinceMs = since?.state === 'stale' ? since.sinceMs : undefined;
  await expect.poll(() => second?.live.liveness.get(), { timeout: 10_000 }).toEqual({ state: 'stale', sinceMs, why: 'attempt 2 found nobody' });
  first?.live[Symbol.dispose]();
  await expect.poll(() => second?.live.liveness.get(), { timeout: 10_000 }).toEqual({ state: 'stale', sinceMs, why: 'attempt 3 found nobody' });
  doors.shut = false;
  await expect.poll(() => second?.live.liveness.get().state, { timeout: 10_000 }).toBe('live');
});

test('a stream that is refused because the session has ended says so to the page', async () => {
  const { api, streams } = manager();
  tab(api, 'ended');
  await expect.poll(() => streams.length).toBe(1);
  streams[0]?.end(new Fault('unauthenticated', 'sign in'));
  await expect.poll(() => api.session.get()).toBe('ended');
});
