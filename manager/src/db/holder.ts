/**
 * One manager a database. The lock is the server's (pg_advisory_lock), held by a session of its own: a killed manager's ends
 * with its connection. While the lock is lost the manager goes on; it takes the lock back, or learns that another has it.
 */
import { Client, type ClientConfig } from 'pg';
import { type Clock, Fault, type Log } from '@pier/shared/core';

/** Any number will do, as long as every manager takes the same, and another than for migrations. */
const lockKey = 7_063_912_442;
/** A manager that was killed a moment ago may still be leaving. */
const patienceMs = 5_000;
const retryMs = 250;
const againMs = 2_000;

/** `lost` resolves when another manager has the database. */
export type Held = { readonly lost: Promise<Fault> } & AsyncDisposable;

/** Takes the database for this process alone. Faults: `conflict`, saying since when another has it; `unreachable`. */
export async function holdDatabase(config: ClientConfig, { clock, log }: { clock: Clock; log: Log }): Promise<Held> {
  const stopping = new AbortController();
  const lost = Promise.withResolvers<Fault>();
  let now = await takeLock(config, clock);
  const keep = async (): Promise<void> => {
    for (;;) {
      await now.ended;
      if (stopping.signal.aborted) return;
      log.warn({}, 'database.lock-lost');
      const next = await takeAgain(config, clock, stopping.signal);
      if (next instanceof Fault) return lost.resolve(next);
      // Taken while the manager was ending: nobody else will end it.
      if (stopping.signal.aborted) return next.end();
      now = next;
      log.info({}, 'database.lock-retaken');
    }
  };
  const keeping = keep().catch((error: unknown) => {
    if (!stopping.signal.aborted) log.error({ why: String(error) }, 'database.lock-failed');
  });
  return {
    lost: lost.promise,
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await now.end();
      await keeping;
    },
  };
}

type Lock = { readonly ended: Promise<void>; readonly end: () => Promise<void> };

/** Until the server answers. Out: the lock, or why it cannot be had. */
async function takeAgain(config: ClientConfig, clock: Clock, signal: AbortSignal): Promise<Lock | Fault> {
  for (;;) {
    try {
      return await takeLock(config, clock);
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.code === 'conflict') return thrown;
    }
    await clock.sleep(againMs, signal);
  }
}

async function takeLock(config: ClientConfig, clock: Clock): Promise<Lock> {
  const client = new Client({ ...config, statement_timeout: 10_000, query_timeout: 10_000, idle_in_transaction_session_timeout: 0, keepAlive: true });
  const ended = new Promise<void>((resolve) => {
    client.on('error', () => resolve());
    client.on('end', () => resolve());
  });
  // A client that never connected, or lost its server, may have nothing to end.
  const end = (): Promise<void> => client.end().catch(() => undefined);
  try {
    await client.connect();
    // A holder whose machine is gone is found out within half a minute, not after two hours.
    await client.query('set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3');
    const giveUpMs = clock.monotonicMs() + patienceMs;
    while (!(await tryLock(client))) {
      if (clock.monotonicMs() > giveUpMs) throw await heldBy(client);
      await clock.sleep(retryMs);
    }
    return { ended, end };
  } catch (thrown) {
    await end();
    throw thrown;
  }
}

async function tryLock(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [lockKey]);
  return rows[0]?.taken === true;
}

async function heldBy(client: Client): Promise<Fault> {
  const { rows } = await client.query<{ since: Date | null; address: string | null }>(
    `select backend_start as since, host(client_addr) as address from pg_locks l join pg_stat_activity a using (pid)
     where l.locktype = 'advisory' and l.granted and l.database = (select oid from pg_database where datname = current_database()) and (l.classid::bigint << 32) + l.objid::bigint = $1`,
    [lockKey],
  );
  const who = rows[0];
  const from = who?.address ? ` from ${who.address}` : '';
  const since = who?.since ? ` since ${who.since.toISOString()}` : '';
  return new Fault('conflict', `another manager is running on this database${from}${since}; a database belongs to one running manager: stop that one first, or name another database`);
}
