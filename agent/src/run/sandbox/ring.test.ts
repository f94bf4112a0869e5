import { expect, test } from 'vitest';
import { lostUnknown } from '@pier/shared/hardware';
import { EdgeRing, lostMax } from './ring.ts';

const edge = (seq: number, lost = 0) => ({ tNs: BigInt(seq), seq, lost, level: 1 as const });

test('the other end reads what was written, in order', () => {
  const writer = new EdgeRing();
  const reader = new EdgeRing(writer.buffer);
  writer.push(edge(1));
  writer.push(edge(2, 4));
  expect([reader.shift(), reader.shift(), reader.shift()]).toEqual([edge(1), edge(2, 4), undefined]);
});

test('a full ring drops the newest and says how many before the next one', () => {
  const ring = new EdgeRing();
  for (let seq = 1; seq <= 260; seq += 1) ring.push(edge(seq));
  for (let seq = 1; seq <= 256; seq += 1) expect(ring.shift()?.seq).toBe(seq);
  expect(ring.shift()).toBeUndefined();
  ring.drop(edge(261, 1));
  ring.push(edge(262));
  expect(ring.shift()).toEqual(edge(262, 6));
});

test('a loss of which nobody knows the size stays one, whatever is added to it', () => {
  expect(lostMax).toBe(lostUnknown);
  const ring = new EdgeRing();
  ring.drop(edge(1, lostUnknown));
  ring.push(edge(2, lostUnknown));
  ring.push(edge(3, 4));
  expect([ring.shift()?.lost, ring.shift()?.lost]).toEqual([lostUnknown, 4]);
});

test('the counters go on past the size of the ring', () => {
  const ring = new EdgeRing();
  for (let seq = 1; seq <= 1_000; seq += 1) {
    ring.push(edge(seq));
    expect(ring.shift()?.seq).toBe(seq);
  }
});
