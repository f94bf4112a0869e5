import { useEffect, useState } from 'react';
import { systemClock } from '@pier/shared/core';

/** A value once it has not changed for so long: what is typed is asked about when the hand rests. */
export function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = systemClock.after(ms, () => setSettled(value));
    return () => timer[Symbol.dispose]();
  }, [value, ms]);
  return settled;
}
