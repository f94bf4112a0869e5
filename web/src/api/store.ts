import { useSyncExternalStore } from 'react';

/** A value that lives outside of the components that show it. */
export type Store<T> = { readonly get: () => T; readonly set: (next: T) => void; readonly listen: (heard: () => void) => () => void };

export function newStore<T>(first: T): Store<T> {
  let value = first;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set: (next) => {
      if (Object.is(next, value)) return;
      value = next;
      for (const heard of listeners) heard();
    },
    listen: (heard) => {
      listeners.add(heard);
      return () => void listeners.delete(heard);
    },
  };
}

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.listen, store.get);
}
