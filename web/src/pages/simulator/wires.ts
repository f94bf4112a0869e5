/** How wires run from parts to pins: along, across in a lane of their own, along. Pure; none of one side crosses another. */
export type Point = { readonly x: number; readonly y: number };
export type Ends = { readonly id: string; readonly from: Point; readonly to: Point };
export type Wire = { readonly id: string; readonly points: readonly Point[] };

const besideBoard = 12;
const laneMax = 9;

/**
 * Wires of one side, given in the order of both their parts and their pins. Those that run down take lanes from the board
 * outwards, those that run up from the part inwards: so none crosses another.
 */
export function runWires(ends: readonly Ends[]): Wire[] {
  const down = ends.filter(({ from, to }) => from.y < to.y);
  const up = ends.filter(({ from, to }) => from.y >= to.y);
  return ends.map((end) => {
    const { id, from, to } = end;
    const group = from.y < to.y ? down : up;
    const gap = Math.abs(to.x - from.x);
    const step = Math.min(laneMax, Math.max(0, gap - 2 * besideBoard) / Math.max(1, group.length));
    const turn = group === down ? group.indexOf(end) : group.length - 1 - group.indexOf(end);
    const x = to.x + Math.sign(from.x - to.x) * (Math.min(besideBoard, gap / 2) + turn * step);
    return { id, points: from.y === to.y ? [from, to] : [from, { x, y: from.y }, { x, y: to.y }, to] };
  });
}

export function pathOf({ points }: Wire): string {
  return points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`).join('');
}

const round = (n: number): number => Math.round(n * 2) / 2;
