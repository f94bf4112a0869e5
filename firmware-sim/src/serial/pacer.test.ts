import { expect, test } from 'vitest';
import { manualClock } from '../testing/manual-clock.ts';
import { Pacer } from './pacer.ts';

function makePacer({ takes = Infinity, baud = 9_600 } = {}) {
  const clock = manualClock();
  const out: number[] = [];
  const write = (bytes: Uint8Array): number => {
    const taken = Math.min(takes, bytes.byteLength);
    out.push(...bytes.subarray(0, taken));
    return taken;
  };
  return { clock, out, pacer: new Pacer({ clock, baud: () => baud, write }) };
}

test('bytes go out at the speed of the line, in order', () => {
  const { clock, out, pacer } = makePacer();
  pacer.push(Uint8Array.from({ length: 200 }, (_, index) => index));
  clock.advance(100);
  // 960 bytes a second, and never ahead of it.
  expect(out.length).toBeGreaterThan(88);
  expect(out.length).toBeLessThanOrEqual(96);
  clock.advance(200);
  expect(out).toEqual(Array.from({ length: 200 }, (_, index) => index));
});

test('a late answer is late, and what comes after it waits behind', () => {
  const { clock, out, pacer } = makePacer();
  pacer.push(Uint8Array.of(1), 2_000);
  pacer.push(Uint8Array.of(2));
  clock.advance(1_990);
  expect(out).toEqual([]);
  clock.advance(30);
  expect(out).toEqual([1, 2]);
});

test('what nobody takes, and what would queue beyond the limit, is lost and counted', () => {
  const deaf = makePacer({ takes: 0 });
  deaf.pacer.push(new Uint8Array(10));
  deaf.clock.advance(1_000);
  expect({ out: deaf.out.length, lost: deaf.pacer.lost }).toEqual({ out: 0, lost: 10 });
  const full = makePacer();
  full.pacer.push(new Uint8Array(300 << 10));
  expect(full.pacer.lost).toBe(44 << 10);
});

test('a disposed line lets nothing out any more, and can be used again', () => {
  const { clock, out, pacer } = makePacer();
  pacer.push(Uint8Array.of(1));
  pacer[Symbol.dispose]();
  clock.advance(1_000);
  pacer.push(Uint8Array.of(2));
  clock.advance(1_000);
  expect(out).toEqual([2]);
});
