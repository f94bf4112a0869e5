/** What became of a message. */
export type Taken = 'taken' | 'foreign' | 'stale' | 'failed';

/**
 * Acts on all items at once. When that fails, on each half by itself, down to the single ones: what one message causes is
 * that one's loss alone. In: `act` answers each item in order, and leaves nothing behind when it throws; `lost` is told of
 * each single one that failed, and `whole` tells of failures that no item causes, after which nothing is tried again.
 */
export async function apart<T>(items: readonly T[], act: (items: readonly T[]) => Promise<readonly Taken[]>, on: { readonly lost: (items: readonly T[], error: unknown) => void; readonly whole: (error: unknown) => boolean }): Promise<readonly Taken[]> {
  if (items.length === 0) return [];
  try {
    return await act(items);
  } catch (error) {
    if (items.length === 1 || on.whole(error)) {
      on.lost(items, error);
      return items.map(() => 'failed');
    }
    const half = Math.ceil(items.length / 2);
    return [...(await apart(items.slice(0, half), act, on)), ...(await apart(items.slice(half), act, on))];
  }
}
