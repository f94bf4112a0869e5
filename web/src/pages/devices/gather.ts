import type { Device } from '@pier/shared/api';
import { Fault } from '@pier/shared/core';
import type { Api } from '../../api/index.ts';
import type { Which } from './view.ts';

/** What one request may name. */
export const gatherMax = 10_000;
const perPage = 500;

/** All devices that match, page by page; `onCount` hears how many there are so far. Faults: `too-large` beyond 10,000. */
export async function gatherDevices(api: Api, { which, onCount }: { which: Which; onCount?: (n: number) => void }, signal?: AbortSignal): Promise<Device[]> {
  const found: Device[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await api.call('listDevices', { query: { ...which, limit: perPage, ...(cursor !== undefined && { cursor }) } }, signal);
    found.push(...page.items);
    onCount?.(found.length);
    if (found.length > gatherMax) throw new Fault('too-large', `more than ${gatherMax} devices match; narrow the query`);
    cursor = page.next;
  }
  return found;
}
