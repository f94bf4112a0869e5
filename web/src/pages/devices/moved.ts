import type { Device } from '@pier/shared/api';
import type { Order } from './view.ts';

export type RowNow = { /** As it was when the rows were put in order. */ readonly sorted: Device; readonly now: Device };

/**
 * How many of these rows would stand elsewhere, or nowhere, if they were put in order again. Rows do not move by
 * themselves: whoever is about to click one must hit it.
 */
export function movedRows(rows: readonly RowNow[], order: Order, fits: (device: Device) => boolean): number {
  const staying = rows.filter(({ now }) => fits(now));
  const gone = rows.length - staying.length;
  if (order === 'id') return gone;
  if (order === 'standing') return gone + staying.filter(({ sorted, now }) => sorted.standing !== now.standing).length;
  return gone + staying.length - longestRising(staying.map(({ now }) => now.lastSeenAt ?? ''));
}

/** How many can stay where they are: the length of the longest part, in this order, that does not fall. */
function longestRising(keys: readonly string[]): number {
  const ends: string[] = [];
  for (const key of keys) {
    const at = ends.findIndex((end) => end > key);
    if (at < 0) ends.push(key);
    else ends[at] = key;
  }
  return ends.length;
}
