import { Pool, type PoolConfig } from 'pg';
import type { Clock, Log } from '@pier/shared/core';

const everyMs = 2_000;
const limitMs = 5_000;

/** What the driver says when time ran out, not the server. */
const late = /timeout/i;

/** Whether the database answers, as of a moment ago. */
export type Pulse = {
  /** Why it does not answer; undefined while it does. */
  readonly silent: () => string | undefined;
  /** Asks now. */
  readonly ask: () => Promise<boolean>;
} & AsyncDisposable;

/**
 * Asks the server again and again over a connection of its own: one that hangs, or waits for room on its disk, breaks no
 * connection, and who waits for it would wait as long.
 */
export function startPulse(config: PoolConfig, { clock, log }: { clock: Clock; log: Log }): Pulse {
  const pool = new Pool({ ...config, max: 1, connectionTimeoutMillis: limitMs, query_timeout: limitMs, application_name: 'pier-manager pulse' });
  const ignore = (): void => {
    // The next question finds out.
  };
  pool.on('error', ignore);
  pool.on('connect', (client) => client.on('error', ignore));
  const state: { why: string | undefined; asking: Promise<boolean> | undefined; late: number; stopped: boolean } = { why: undefined, asking: undefined, late: 0, stopped: false };
  const told = (why: string | undefined): void => {
    if (state.stopped) return;
    // One answer may be late because this process was: a machine that is busy for seconds has a database all the same.
    state.late = why !== undefined && late.test(why) ? state.late + 1 : 0;
    if (state.late === 1) return;
    if (why !== undefined && state.why === undefined) log.error({ why }, 'database.silent');
    if (why === undefined && state.why !== undefined) log.info({}, 'database.answers');
    state.why = why;
  };
  const asked = async (): Promise<boolean> => {
    try {
      await pool.query('select 1');
      told(undefined);
      return true;
    } catch (error) {
      told(error instanceof Error ? error.message : String(error));
      return false;
    } finally {
      state.asking = undefined;
    }
  };
  const ask = (): Promise<boolean> => (state.asking ??= asked());
  const beat = clock.every(everyMs, () => void ask());
  return {
    silent: () => state.why,
    ask,
    [Symbol.asyncDispose]: async () => {
      state.stopped = true;
      beat[Symbol.dispose]();
      await pool.end();
    },
  };
}
