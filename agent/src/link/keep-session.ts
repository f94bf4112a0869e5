import { type Clock, type FaultCode, type Log, type Random, backoffMs, toFault } from '@pier/shared/core';
import type { Session } from './session.ts';

/** Identity troubles need a person: asking often only fills logs. */
const slow: ReadonlySet<FaultCode> = new Set(['certificate-invalid', 'forbidden'] as const);
const slowBaseMs = 60_000;
/** A session that lasted so long was a good one. */
const steadyMs = 10_000;

export type KeepDeps = {
  readonly open: (signal: AbortSignal) => Promise<Session>;
  /** Lives while the session does; its end is not waited for when the session is lost. */
  readonly onSession: (session: Session, signal: AbortSignal) => Promise<void>;
  /** Aborts when the device has another certificate: what waited for the old one's sake waits no longer. */
  readonly pair: () => AbortSignal;
  /** The broker does not take this device. */
  readonly onRefused: () => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/**
 * Keeps a session until the signal fires. The first try is at once; after a loss the next comes 0 to 10 s later, doubling
 * to 5 minutes, so that a manager that restarts is not met by all its devices in one second.
 */
export async function keepSession(deps: KeepDeps, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const pair = deps.pair();
    let baseMs: number | undefined;
    try {
      await using session = await deps.open(signal);
      const openedMs = deps.clock.monotonicMs();
      const life = AbortSignal.any([signal, session.lost]);
      await deps.onSession(session, life);
      await ended(life);
      // A broker that lets in and throws out is no better than one that does not answer.
      if (deps.clock.monotonicMs() - openedMs >= steadyMs) failures = 0;
      if (!signal.aborted) deps.log.warn({ conn: session.conn }, 'link.lost');
    } catch (cause) {
      if (signal.aborted) return;
      const fault = toFault(cause);
      if (slow.has(fault.code)) {
        baseMs = slowBaseMs;
        deps.onRefused();
      }
      deps.log[baseMs === undefined ? 'warn' : 'error']({ code: fault.code, reason: fault.message, failures }, 'link.failed');
    }
    if (signal.aborted) return;
    if (pair.aborted) failures = 0;
    await deps.clock.sleep(waitMs(failures, deps.random, baseMs), AbortSignal.any([signal, pair])).catch(() => {
      // The signal ends the wait and the loop; another certificate ends the wait alone.
    });
    failures += 1;
  }
}

/** Before the next try; identity troubles wait at least half a minute. */
export function waitMs(failures: number, random: Random, baseMs = 10_000): number {
  const floorMs = baseMs >= slowBaseMs ? slowBaseMs / 2 : 0;
  return floorMs + backoffMs(failures, random, { baseMs });
}

function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
