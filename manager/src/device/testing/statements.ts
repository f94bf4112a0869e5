import { type ClientBase, Pool } from 'pg';
import { invariant } from '@pier/shared/core';
import type { Db } from '../../db/index.ts';

/** Counts the statements that this process sends to the database from now on, transactions' own included. */
export function countStatements(db: Db): { count: number } & Disposable {
  const pool: unknown = Reflect.get(db, '$client');
  invariant(pool instanceof Pool, 'the database is open over a pool');
  const counted = { count: 0, on: true };
  const seen = new WeakSet<ClientBase>();
  const watch = (client: ClientBase): void => {
    if (seen.has(client)) return;
    seen.add(client);
    const query = client.query.bind(client);
    Reflect.set(client, 'query', (...given: Parameters<typeof query>) => {
      if (counted.on) counted.count += 1;
      return query(...given);
    });
  };
  pool.on('acquire', watch);
  return {
    get count() {
      return counted.count;
    },
    [Symbol.dispose]: () => {
      counted.on = false;
      pool.off('acquire', watch);
    },
  };
}
