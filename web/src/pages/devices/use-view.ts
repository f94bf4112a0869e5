import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'wouter';
import { type DevicesView, paramsOf, viewOf } from './view.ts';

/** The view that the address has, and how to change parts of it. */
export function useDevicesView(): readonly [DevicesView, (change: Partial<DevicesView>) => void] {
  const [params, setParams] = useSearchParams();
  const text = params.toString();
  const view = useMemo(() => viewOf(new URLSearchParams(text)), [text]);
  const change = useCallback((next: Partial<DevicesView>) => setParams((was) => paramsOf({ ...viewOf(was), ...next }), { replace: true }), [setParams]);
  return [view, change];
}
