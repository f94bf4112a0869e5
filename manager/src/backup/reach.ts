import { join } from 'node:path';
import { Client, type ClientConfig } from 'pg';
import { type Clock, Fault, type Log, toFault } from '@pier/shared/core';
import { connectionKept, hasCluster, lockFolder, openPostgres, refuseUnreachable } from '../db/index.ts';

export type World = { readonly clock: Clock; readonly log: Log };

/** A session with the database of a data folder, whether a manager runs there or not: the server at `url`, a running manager's, or one that is started for this. */
export async function reachDatabase({ dataDir, url, clock, log }: World & { dataDir: string; url: string | undefined }): Promise<{ readonly client: Client } & AsyncDisposable> {
  if (url !== undefined) return connect({ connectionString: url });
  const folder = join(dataDir, 'postgres');
  if (!(await hasCluster(folder))) throw new Fault('not-found', `there is no database in ${folder}; for a manager on a database of its own set DATABASE_URL as it does`);
  await using opening = new AsyncDisposableStack();
  const lock = lockIfFree(dataDir);
  if (lock === undefined) return connect(await connectionKept(folder));
  opening.use(lock);
  const server = opening.use(await openPostgres({ folder, clock, log }));
  const session = opening.use(await connect(server.connection));
  const held = opening.move();
  return { client: session.client, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** Undefined while a manager holds the folder. */
function lockIfFree(dataDir: string): Disposable | undefined {
  try {
    return lockFolder(dataDir);
  } catch (thrown) {
    if (toFault(thrown).code === 'conflict') return undefined;
    throw thrown;
  }
}

export async function connect(config: ClientConfig): Promise<{ readonly client: Client } & AsyncDisposable> {
  const client = new Client({ ...config, connectionTimeoutMillis: 10_000, application_name: 'pier-manager backup' });
  client.on('error', () => {
    // The query in flight is rejected with the same cause.
  });
  await client.connect().catch(refuseUnreachable);
  return { client, [Symbol.asyncDispose]: () => client.end() };
}
