import { type RefObject, useMemo } from 'react';
import { useShortcuts } from './keys.tsx';

/**
 * `j` and `k` walk over the rows of a list: they move the focus between what is marked `data-row` in it, one link or button a
 * row; Enter then does what Enter does there.
 */
export function useRowKeys(list: RefObject<HTMLElement | null>, what = 'row'): void {
  const shortcuts = useMemo(
    () => [
      { keys: 'j', does: `Next ${what}; Enter opens it`, act: () => stepTo(list.current, 1) },
      { keys: 'k', does: `Previous ${what}`, act: () => stepTo(list.current, -1) },
    ],
    [list, what],
  );
  useShortcuts(shortcuts);
}

function stepTo(list: HTMLElement | null, by: 1 | -1): void {
  const rows = [...(list?.querySelectorAll<HTMLElement>('[data-row]') ?? [])];
  const at = rows.findIndex((row) => row === document.activeElement);
  const next = at === -1 ? rows.at(by === 1 ? 0 : -1) : rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}
