import { useCallback } from 'react';
import { useSearchParams } from 'wouter';

/** One part of what a page shows, kept in its address: a link shows the same. Undefined takes it out again. */
export function useViewPart(name: string): readonly [string | undefined, (next: string | undefined) => void] {
  const [search, setSearch] = useSearchParams();
  const set = useCallback(
    (next: string | undefined) => {
      setSearch((was) => {
        const parts = new URLSearchParams(was);
        if (next === undefined || next === '') parts.delete(name);
        else parts.set(name, next);
        return parts;
      }, { replace: true });
    },
    [name, setSearch],
  );
  return [search.get(name) ?? undefined, set];
}
