import { Fault } from '@pier/shared/core';

/** The key after which a page starts, from the cursor of the page before. Faults: `input-invalid` for a cursor that no page gave. */
export function keyAfter(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const key = Buffer.from(cursor, 'base64url').toString('utf8');
  if (key === '' || key.includes('\0') || cursorOf(key) !== cursor) throw new Fault('input-invalid', 'query: cursor: this is not the "next" of an earlier page');
  return key;
}

export function cursorOf(key: string): string {
  return Buffer.from(key, 'utf8').toString('base64url');
}

/** Makes a page of rows that were read with `limit + 1`: the extra row only tells that there is a next page. */
export function pageOf<R, I>({ rows, limit, keyOf, show }: { rows: readonly R[]; limit: number; keyOf: (row: R) => string; show: (row: R) => I }): { items: I[]; next: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(show), next: rows.length > limit && last !== undefined ? cursorOf(keyOf(last)) : null };
}
