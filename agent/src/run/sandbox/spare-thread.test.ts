import type { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { type Clock, systemClock } from '@pier/shared/core';
import { SpareThread, startThread } from './spare-thread.ts';

/** A clock whose timers ring when they are told to. */
function makeClock() {
  const waiting = new Set<() => void>();
  const clock: Clock = {
    ...systemClock,
    after: (_ms, act) => {
      waiting.add(act);
      return { [Symbol.dispose]: () => void waiting.delete(act) };
    },
  };
  const ring = (): void => {
    for (const act of waiting) act();
  };
  return { clock, waiting, ring };
}

const gone = (worker: Worker): Promise<void> => (worker.threadId === -1 ? Promise.resolve() : new Promise((resolve) => worker.once('exit', () => resolve())));

test('what was started ahead is given to one guest, and the next one gets another', async () => {
  const { clock, waiting } = makeClock();
  const started = startThread();
  const threads = new SpareThread(clock, started);
  threads.warmUp();
  const first = threads.take();
  const second = threads.take();
  expect(first).toBe(started);
  expect(second).not.toBe(first);
  expect(waiting.size).toBe(0);
  await Promise.all([first.terminate(), second.terminate()]);
});

test('a thread that no guest came for is ended after a while', async () => {
  const { clock, ring } = makeClock();
  const started = startThread();
  const threads = new SpareThread(clock, started);
  ring();
  await gone(started);
  const next = threads.take();
  expect(next).not.toBe(started);
  await next.terminate();
});

test('a thread that ended before a guest came is given to none', async () => {
  const { clock, waiting } = makeClock();
  const early = startThread();
  await early.terminate();
  const late = startThread();
  const threads = new SpareThread(clock, early);
  const first = threads.take();
  expect(first).not.toBe(early);
  const others = new SpareThread(clock, late);
  await late.terminate();
  await expect.poll(() => waiting.size).toBe(0);
  const second = others.take();
  expect(second).not.toBe(late);
  await Promise.all([first.terminate(), second.terminate()]);
});
