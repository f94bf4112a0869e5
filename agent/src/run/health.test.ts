import { expect, test } from 'vitest';
import { systemClock } from '@pier/shared/core';
import { Limits } from '@pier/shared/capability';
import { watchHealth } from './health.ts';

/** Seconds pass in hundredths. */
const quick = { ...systemClock, after: (ms: number, act: () => void) => systemClock.after(ms / 100, act) };
const pause = (ms: number): Promise<void> => systemClock.sleep(ms / 100 + 20);

function open(health: object | undefined, soakS?: number) {
  const seen: string[] = [];
  const watch = watchHealth({ limits: Limits.parse(health === undefined ? {} : { health }), soakS }, quick, {
    onUp: () => seen.push('up'),
    onSoaked: () => seen.push('soaked'),
    onSick: (fault) => seen.push(`sick: ${fault.message}`),
  });
  return { watch, seen };
}

test('without a declaration a guest is up when it is started, and soaked when the soak is over', async () => {
  const { watch, seen } = open(undefined, 1);
  expect(seen).toEqual([]);
  watch.started();
  expect(seen).toEqual(['up']);
  await pause(1_000);
  expect(seen).toEqual(['up', 'soaked']);
  watch[Symbol.dispose]();
});

test('a soak is not over before its time', async () => {
  const { watch, seen } = open(undefined, 3_600);
  watch.started();
  await pause(10_000);
  expect(seen).toEqual(['up']);
  watch[Symbol.dispose]();
});

test('off probation nothing soaks', async () => {
  const { watch, seen } = open(undefined);
  watch.started();
  await pause(1_000);
  expect(seen).toEqual(['up']);
  watch[Symbol.dispose]();
});

test('the soak counts from when the guest calls ready, also if that came first', async () => {
  const early = open({ ready: 'call' }, 0);
  early.watch.ready();
  expect(early.seen).toEqual([]);
  early.watch.started();
  await pause(0);
  expect(early.seen).toEqual(['up', 'soaked']);
  early.watch[Symbol.dispose]();
});

test('who does not call ready in time is sick, once, and never soaked', async () => {
  const { watch, seen } = open({ ready: 'call', withinS: 1 }, 1);
  watch.started();
  await pause(1_000);
  watch.ready();
  await pause(2_000);
  expect(seen).toEqual(['sick: the guest did not call ready within 1 s']);
  watch[Symbol.dispose]();
});

test('who beats is well, who stops beating is sick', async () => {
  const { watch, seen } = open({ beatS: 10 });
  watch.started();
  for (let beats = 0; beats < 4; beats += 1) {
    await pause(3_000);
    watch.beat();
  }
  expect(seen).toEqual(['up']);
  await pause(12_000);
  expect(seen).toEqual(['up', 'sick: the guest gave no beat for 10 s']);
  watch[Symbol.dispose]();
});

test('who says that it is failing is believed', () => {
  const { watch, seen } = open(undefined, 600);
  watch.started();
  watch.failing('no sensor');
  expect(seen).toEqual(['up', 'sick: the guest says that it is failing: no sensor']);
  watch[Symbol.dispose]();
});

test('after its end nothing is said any more', async () => {
  const { watch, seen } = open({ ready: 'call', withinS: 1 }, 1);
  watch.started();
  watch[Symbol.dispose]();
  watch.failing('late');
  watch.ready();
  await pause(2_000);
  expect(seen).toEqual([]);
});
