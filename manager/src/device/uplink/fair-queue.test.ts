import { describe, expect, test } from 'vitest';
import { FairQueue } from './fair-queue.ts';

const one = (queue: FairQueue<string>) => queue.gather({ max: 1, perSenderMax: 1 })[0];
const roomy = { perSenderMax: 100, perSenderBytesMax: 10_000, bytesMax: 100_000 };

function drained(queue: FairQueue<string>): string[] {
  const seen: string[] = [];
  for (let next = one(queue); next; next = one(queue)) {
    seen.push(next.item);
    queue.done(next.sender);
  }
  return seen;
}

describe('whose turn it is', () => {
  test('senders are served in turn, each in its own order', () => {
    const queue = new FairQueue<string>(roomy);
    for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) queue.push(item.slice(0, 1), item, 1);
    expect(drained(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  });

  test('nothing more of a sender comes while one of its messages is in service', () => {
    const queue = new FairQueue<string>(roomy);
    queue.push('a', 'a1', 1);
    queue.push('a', 'a2', 1);
    expect(one(queue)).toEqual({ sender: 'a', item: 'a1' });
    queue.push('a', 'a3', 1);
    expect(one(queue)).toBeUndefined();
    queue.done('a');
    expect(drained(queue)).toEqual(['a2', 'a3']);
  });

  test('a batch takes the first of everybody, then the second of everybody, up to a share of each', () => {
    const queue = new FairQueue<string>(roomy);
    for (const item of ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'c2']) queue.push(item.slice(0, 1), item, 1);
    expect(queue.gather({ max: 100, perSenderMax: 3 }).map(({ item }) => item)).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3']);
    expect([queue.ready, queue.length]).toEqual([false, 1]);
    for (const sender of ['a', 'b', 'c']) queue.done(sender);
    expect([queue.ready, drained(queue), queue.length]).toEqual([true, ['a4'], 0]);
  });

  test('a full batch leaves the others their turn, before those who were served', () => {
    const queue = new FairQueue<string>(roomy);
    for (const item of ['a1', 'a2', 'b1', 'c1', 'd1']) queue.push(item.slice(0, 1), item, 1);
    expect(queue.gather({ max: 2, perSenderMax: 9 }).map(({ item }) => item)).toEqual(['a1', 'b1']);
    expect(queue.gather({ max: 1, perSenderMax: 9 }).map(({ item }) => item)).toEqual(['c1']);
    for (const sender of ['a', 'b', 'c']) queue.done(sender);
    expect(drained(queue)).toEqual(['d1', 'a2']);
  });

  test('a batch that is full in the middle of a round keeps the rest in order', () => {
    const queue = new FairQueue<string>(roomy);
    for (const item of ['a1', 'b1', 'a2', 'b2', 'a3', 'b3']) queue.push(item.slice(0, 1), item, 1);
    expect(queue.gather({ max: 3, perSenderMax: 9 }).map(({ item }) => item)).toEqual(['a1', 'b1', 'a2']);
    for (const sender of ['a', 'b']) queue.done(sender);
    expect(drained(queue)).toEqual(['a3', 'b2', 'b3']);
  });

  test('a sender that comes again after it was served to the end is served again', () => {
    const queue = new FairQueue<string>(roomy);
    queue.push('a', 'a1', 1);
    expect(drained(queue)).toEqual(['a1']);
    queue.push('a', 'a2', 1);
    expect(drained(queue)).toEqual(['a2']);
    expect(queue.sizeBytes).toBe(0);
  });
});

describe('who loses', () => {
  test('one who floods loses its own oldest messages, and nobody else loses any', () => {
    const queue = new FairQueue<string>({ ...roomy, perSenderMax: 3 });
    queue.push('quiet', 'q1', 1);
    for (let n = 0; n < 1_000; n += 1) queue.push('loud', `l${n}`, 1);
    expect(drained(queue)).toEqual(['q1', 'l997', 'l998', 'l999']);
    expect(queue.dropped).toBe(997);
  });

  test('a share is bounded in bytes as well', () => {
    const queue = new FairQueue<string>({ ...roomy, perSenderBytesMax: 1_000 });
    for (let n = 0; n < 20; n += 1) queue.push('loud', `l${n}`, 400);
    expect(queue.sizeBytes).toBe(800);
    expect(drained(queue)).toEqual(['l18', 'l19']);
  });

  test('when all of it is full, room is made by whoever holds most, also when somebody else speaks', () => {
    const queue = new FairQueue<string>({ ...roomy, bytesMax: 1_000 });
    for (let n = 0; n < 5; n += 1) queue.push('large', `l${n}`, 180);
    for (const name of ['x', 'y', 'z']) queue.push(name, name, 100);
    expect(drained(queue)).toEqual(['l2', 'x', 'y', 'z', 'l3', 'l4']);
    expect(queue.dropped).toBe(2);
  });

  test('its own losses are told to each sender once, when nothing of it waits any more', () => {
    const queue = new FairQueue<string>({ ...roomy, perSenderMax: 2 });
    for (let n = 0; n < 5; n += 1) queue.push('loud', `l${n}`, 1);
    queue.push('quiet', 'q', 1);
    const told: [string, number][] = [];
    for (let next = one(queue); next; next = one(queue)) told.push([next.sender, queue.done(next.sender)]);
    expect(told).toEqual([['loud', 0], ['quiet', 0], ['loud', 3]]);
    queue.push('loud', 'again', 1);
    expect(one(queue)).toEqual({ sender: 'loud', item: 'again' });
    expect(queue.done('loud')).toBe(0);
  });

  test('one message that is larger than all of the room is dropped', () => {
    const queue = new FairQueue<string>(roomy);
    queue.push('a', 'huge', 1_000_000);
    expect([queue.sizeBytes, queue.dropped, drained(queue)]).toEqual([0, 1, []]);
  });
});
