import { describe, expect, test } from 'vitest';
import type { SimRecording } from '@pier/shared/api';
import { type Kept, keep, keptMax, lanePath, lanesOf, levelSince, movesOf, rateOf } from './record.ts';

type Told = SimRecording['edges'][number];
const edge = (ms: number, level: 0 | 1, more: Partial<Told> = {}): Told => ({ tNs: String(BigInt(Math.round(ms * 1_000)) * 1_000n), name: 'GPIO17', level, direction: 'out', by: 'guest', consumer: 'blink', ...more });
const told = (nowMs: number, edges: readonly Told[], more: Partial<SimRecording> = {}): SimRecording => ({ edges: [...edges], nowNs: String(nowMs * 1_000_000), next: '1-9', left: 0, ...more });
/** Rises at each `periodMs`, falls half of it later, until `untilMs`. */
const blink = (fromMs: number, untilMs: number, periodMs: number): Told[] => Array.from({ length: Math.floor((untilMs - fromMs) / (periodMs / 2)) }, (_, index) => edge(fromMs + (index * periodMs) / 2, index % 2 === 0 ? 1 : 0));

describe('what is kept of the record', () => {
  test('grows by what came since, and says from where to ask on', () => {
    const first = keep(undefined, told(1_000, [edge(900, 1)], { next: '1-5' }));
    const second = keep(first, told(1_500, [edge(1_400, 0)], { next: '1-7' }));
    expect(second.edges.map(({ level }) => level)).toEqual([1, 0]);
    expect([second.next, second.left, second.wholeSinceNs]).toEqual(['1-7', 0, undefined]);
  });

  test('counts what the first answer left out, and is whole only since its first change', () => {
    const kept = keep(undefined, told(1_000, [edge(900, 1)], { left: 41 }));
    expect([kept.left, kept.wholeSinceNs]).toEqual([41, 900_000_000n]);
  });

  test('lets go of what is before a hole, and counts it with the hole', () => {
    const first = keep(undefined, told(1_000, [edge(800, 1), edge(900, 0)]));
    const second = keep(first, told(9_000, [edge(8_000, 1)], { left: 5 }));
    expect(second.edges).toHaveLength(1);
    expect([second.left, second.wholeSinceNs]).toEqual([7, 8_000_000_000n]);
  });

  test('is let go when the machine began to count its time anew', () => {
    const first = keep(undefined, told(9_000, [edge(8_000, 1)]));
    const second = keep(first, told(100, [edge(50, 0)]));
    expect([second.edges.length, second.left]).toEqual([1, 1]);
  });

  test('is bounded: the oldest go, counted', () => {
    const many = Array.from({ length: keptMax }, (_, index) => edge(index, index % 2 === 0 ? 1 : 0));
    const kept = keep(keep(undefined, told(6_000, many)), told(6_001, [edge(6_000, 1), edge(6_000.5, 0)]));
    expect([kept.edges.length, kept.left, kept.edges[0]?.tNs]).toEqual([keptMax, 2, 2_000_000n]);
    expect(kept.wholeSinceNs).toBe(2_000_000n);
  });
});

describe('changes of level', () => {
  test('are told from those that only turned the direction', () => {
    const kept = keep(undefined, told(1_000, [edge(100, 0, { by: 'agent' }), edge(200, 1), edge(300, 1, { by: 'release', direction: 'in' }), edge(400, 0)]));
    expect(movesOf(kept, 'GPIO17').map(({ tNs }) => tNs)).toEqual([200_000_000n, 400_000_000n]);
  });

  test('tell exactly since when a level is', () => {
    expect(levelSince(keep(undefined, told(1_000, [edge(750, 1)])), 'GPIO17')).toEqual({ ms: 250, isAtLeast: false });
  });

  test('that are left out allow only "at least", and none at all nothing', () => {
    const kept = keep(undefined, told(1_000, [edge(750, 1)], { left: 3 }));
    expect(levelSince(kept, 'GPIO4')).toEqual({ ms: 250, isAtLeast: true });
    expect(levelSince(keep(undefined, told(1_000, [])), 'GPIO4')).toBeUndefined();
    expect(levelSince(undefined, 'GPIO4')).toBeUndefined();
  });
});

describe('the rate of a line', () => {
  test('is that of its last rises, with the share of time that it is high', () => {
    const rate = rateOf(keep(undefined, told(4_000, blink(1_000, 4_000, 500))), 'GPIO17');
    expect(rate?.hz).toBeCloseTo(2, 5);
    expect(rate?.duty).toBeCloseTo(0.5, 5);
  });

  test('is none of a line that rose twice, or that stopped', () => {
    expect(rateOf(keep(undefined, told(2_000, blink(1_000, 2_000, 500))), 'GPIO17')).toBeUndefined();
    expect(rateOf(keep(undefined, told(7_500, blink(1_000, 4_000, 500))), 'GPIO17')).toBeUndefined();
  });
});

describe('lanes', () => {
  const lanes = (kept: Kept, level: 0 | 1 = 1): ReturnType<typeof lanesOf> => lanesOf(kept, [{ name: 'GPIO17', level }]);

  test('span the last 30 s, from the level that was before', () => {
    const [lane] = lanes(keep(undefined, told(60_000, [edge(1_000, 1), edge(45_000, 0)])));
    expect(lane?.steps.map(({ at, level }) => [at, level])).toEqual([[0, 1], [0.5, 0]]);
    expect(lane?.changes).toBe(1);
    expect(lane && lanePath(lane)).toBe('M0 3H500V17H1000');
  });

  test('of a line that nothing changed is its level now, as far back as nothing is missing', () => {
    const kept = keep(undefined, told(60_000, [edge(45_000, 0, { name: 'GPIO4' })], { left: 1 }));
    expect(lanes(kept)[0]?.steps).toEqual([{ at: 0.5, level: 1, edge: undefined }]);
  });

  test('begin with the other level where the first change is of the guest or from outside', () => {
    const [lane] = lanes(keep(undefined, told(60_000, [edge(45_000, 0)])));
    expect(lane?.steps.map(({ level }) => level)).toEqual([1, 0]);
  });

  test('draw nothing where the level before cannot be told', () => {
    const [lane] = lanes(keep(undefined, told(60_000, [edge(45_000, 0, { by: 'agent' })])));
    expect(lane?.steps.map(({ at }) => at)).toEqual([0.5]);
    expect(lanePath({ name: 'x', steps: [], changes: 0 })).toBe('');
  });

  test('keep changes that are a microsecond apart in their order', () => {
    const [lane] = lanes(keep(undefined, told(60_000, [edge(45_000, 1), edge(45_000.001, 0)])));
    expect(lane?.steps.map(({ level }) => level)).toEqual([0, 1, 0]);
    expect(lane?.changes).toBe(2);
  });
});
