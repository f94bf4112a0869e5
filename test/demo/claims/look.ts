import { Fault, systemClock } from '@pier/shared/core';
import { type ApiClient, type DeviceDetail, apiClient } from '@pier/shared/api';
import type { SimRecord } from '@pier/shared/hardware';
import { runPier } from '../../support/pier.ts';
import { readRecord } from '../../support/record.ts';

export type BoardAt = { readonly dir: string; readonly record: string };
/** Where the judge looks: nothing of the manager's or the agents' inside. Boards by device id. */
export type Case = { readonly http: string; readonly token: string; readonly home: string; readonly boards: Readonly<Record<string, BoardAt>> };

const pollMs = 100;

/** Asks again until it is so; the sentence of the last look is the fault when time is up. */
export async function until(what: string, timeoutS: number, look: () => Promise<string | undefined> | string | undefined): Promise<string> {
  const endMs = systemClock.monotonicMs() + timeoutS * 1_000;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (systemClock.monotonicMs() > endMs) throw new Fault('timed-out', `not seen within ${timeoutS} s: ${what}`);
    await systemClock.sleep(pollMs);
  }
}

export function wrong(sentence: string): Fault {
  return new Fault('internal', sentence);
}

export const apiOf = (at: Case): ApiClient => apiClient({ baseUrl: at.http, token: at.token });
export const deviceOf = (at: Case, device: string): Promise<DeviceDetail> => apiOf(at).call('getDevice', { params: { device } });
export const pier = (at: Case, args: readonly string[]) => runPier(args, { env: { ...process.env, PIER_HOME: at.home } });

export function boardOf(at: Case, device: string): BoardAt {
  const board = at.boards[device];
  if (!board) throw wrong(`nobody told the judge of a board of ${device}`);
  return board;
}

export const nowNs = (): bigint => systemClock.monotonicNs();

/** What the simulator recorded of a line, from a time on. */
export function rowsOf(at: Case, device: string, { line, sinceNs = 0n }: { line: string; sinceNs?: bigint }): SimRecord[] {
  return readRecord(boardOf(at, device).record).filter((row) => row.name === line && BigInt(row.tNs) >= sinceNs);
}

export const guestEdges = (at: Case, device: string, of: { line: string; sinceNs?: bigint }): SimRecord[] => rowsOf(at, device, of).filter((row) => row.by === 'guest');
