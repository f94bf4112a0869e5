import { expect, test } from 'vitest';
import { type Clock, Fault, systemClock } from '@pier/shared/core';
import { PortNews } from './port-news.ts';

const gone = new Fault('port-gone', 'it hung up');
const second = 1_000;

function open() {
  const time = { ms: 0 };
  const due = new Set<{ ms: number; act: () => void }>();
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => time.ms,
    after: (ms, act) => {
      const timer = { ms: time.ms + ms, act };
      due.add(timer);
      return { [Symbol.dispose]: () => void due.delete(timer) };
    },
  };
  const told: string[] = [];
  const news = new PortNews({ clock, tell: (type, { reason }) => told.push(`${time.ms / second} ${type} ${/\((\d+) more/.exec(reason)?.[1] ?? 0}`) });
  const pass = (ms: number): void => {
    time.ms += ms;
    for (const timer of Array.from(due).filter(({ ms: atMs }) => atMs <= time.ms)) {
      due.delete(timer);
      timer.act();
    }
  };
  return { news, told, pass, due };
}

test('a port that is pulled and plugged in again is told at once, both ways', () => {
  const { news, told, pass } = open();
  news.gone('/dev/ttyUSB0', gone);
  pass(3 * second);
  news.back('/dev/ttyUSB0');
  expect(told).toEqual(['0 port.gone 0', '3 port.back 0']);
});

test('that a port is there from the beginning is no news, nor that it is still away', () => {
  const { news, told } = open();
  news.back('/dev/ttyUSB0');
  expect(told).toEqual([]);
  for (let n = 0; n < 5; n += 1) news.gone('/dev/ttyUSB0', gone);
  expect(told).toEqual(['0 port.gone 0']);
});

test('a loose plug is told once a minute each way, with the count of what was kept back, and how it stands at the end', () => {
  const { news, told, pass, due } = open();
  for (let n = 0; n < 100; n += 1) {
    news.gone('/dev/ttyUSB0', gone);
    pass(second / 2);
    news.back('/dev/ttyUSB0');
    pass(second / 2);
  }
  news.gone('/dev/ttyUSB0', gone);
  pass(600 * second);
  expect(told.length).toBeLessThanOrEqual(6);
  expect(told.slice(0, 2)).toEqual(['0 port.gone 0', '0.5 port.back 0']);
  expect(told.at(-1)).toMatch(/port\.gone/);
  expect(told.some((line) => / [1-9]\d*$/.test(line))).toBe(true);
  expect(due.size).toBe(0);
});

test('each port has its own minute', () => {
  const { news, told } = open();
  for (const port of ['a', 'b', 'c']) news.gone(`/dev/${port}`, gone);
  expect(told).toHaveLength(3);
});

test('after its end nothing is told any more', () => {
  const { news, told, pass, due } = open();
  news.gone('/dev/a', gone);
  news.back('/dev/a');
  news.gone('/dev/a', gone);
  news[Symbol.dispose]();
  pass(600 * second);
  expect(told).toHaveLength(2);
  expect(due.size).toBe(0);
});
