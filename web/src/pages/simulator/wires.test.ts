import { describe, expect, test } from 'vitest';
import { type Ends, type Point, type Wire, pathOf, runWires } from './wires.ts';

const wire = (id: string, fromY: number, toY: number, [fromX, toX] = [100, 200]): Ends => ({ id, from: { x: fromX, y: fromY }, to: { x: toX, y: toY } });

type Piece = readonly [Point, Point];
const piecesOf = ({ points }: Wire): Piece[] => points.slice(1).map((point, index) => [points[index] as Point, point]);
/** Pieces are level or upright: they touch when their boxes do. */
const touch = ([a, b]: Piece, [c, d]: Piece): boolean =>
  Math.max(a.x, b.x) >= Math.min(c.x, d.x) && Math.max(c.x, d.x) >= Math.min(a.x, b.x) && Math.max(a.y, b.y) >= Math.min(c.y, d.y) && Math.max(c.y, d.y) >= Math.min(a.y, b.y);
const crossings = (wires: readonly Wire[]): string[] => wires.flatMap((one, index) => wires.slice(index + 1).filter((other) => piecesOf(one).some((piece) => piecesOf(other).some((against) => touch(piece, against)))).map((other) => `${one.id} and ${other.id}`));

describe('wires of one side', () => {
  test('that all run down to pins closer together do not cross', () => {
    expect(crossings(runWires([wire('a', 20, 110), wire('b', 60, 130), wire('c', 100, 150)]))).toEqual([]);
  });

  test('that all run up do not cross', () => {
    expect(crossings(runWires([wire('a', 100, 20), wire('b', 220, 40), wire('c', 340, 60)]))).toEqual([]);
  });

  test('of which the first run down and the last run up do not cross', () => {
    expect(crossings(runWires([wire('a', 10, 100), wire('b', 50, 120), wire('c', 300, 140), wire('d', 390, 160)]))).toEqual([]);
  });

  test('of the right side, whose parts are right of the board, do not cross either', () => {
    expect(crossings(runWires([wire('a', 10, 100, [300, 200]), wire('b', 50, 120, [300, 200]), wire('c', 300, 140, [300, 200])]))).toEqual([]);
  });

  test('keep between part and board, however many they are', () => {
    const wires = runWires(Array.from({ length: 20 }, (_, index) => wire(String(index), 10 + index, 200 + 20 * index)));
    for (const { points } of wires) for (const { x } of points) expect(x >= 100 && x <= 200, `${x}`).toBe(true);
    expect(crossings(wires)).toEqual([]);
  });
});

test('each wire begins at its part and ends at its pin, and one on the same height is straight', () => {
  const [bent, straight] = runWires([wire('a', 20, 110), wire('b', 130, 130)]);
  expect(bent?.points.at(0)).toEqual({ x: 100, y: 20 });
  expect(bent?.points.at(-1)).toEqual({ x: 200, y: 110 });
  expect(straight && pathOf(straight)).toBe('M100 130L200 130');
});

test('the check itself sees wires that cross', () => {
  expect(crossings([{ id: 'a', points: [{ x: 0, y: 0 }, { x: 10, y: 0 }] }, { id: 'b', points: [{ x: 5, y: -5 }, { x: 5, y: 5 }] }])).toEqual(['a and b']);
});
