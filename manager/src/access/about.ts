import { readFile } from 'node:fs/promises';
import { max, sql } from 'drizzle-orm';
import * as z from 'zod';
import { type Clock, check, isoTime, parseJson } from '@pier/shared/core';
import { type Db, policy } from '../db/index.ts';
import type { Handlers } from '../http/index.ts';

type AboutDeps = { readonly db: Db; readonly clock: Clock; readonly embedded: boolean; readonly replica: string; readonly simulator: boolean };
const packageFile = new URL('../../package.json', import.meta.url);
const Package = z.object({ version: z.string() });
const ServerVersion = z.tuple([z.object({ server_version: z.string() })]);

/** What this manager is, since now. The database says its version when asked: one of somebody else's may be replaced meanwhile. */
export async function aboutHandlers({ db, clock, embedded, replica, simulator }: AboutDeps): Promise<Pick<Handlers, 'getAbout'>> {
  const { version } = check(Package, parseJson(await readFile(packageFile), { what: 'package.json' }), { what: 'package.json', code: 'internal' });
  const startedAt = isoTime(clock.nowMs());
  return {
    getAbout: async () => {
      const { rows } = await db.execute(sql`show server_version`);
      const [{ server_version: said }] = check(ServerVersion, rows, { what: 'server_version', code: 'internal' });
      const [inForce] = await db.select({ number: max(policy.number) }).from(policy);
      return { version, node: process.versions.node, database: { version: said.split(' ', 1)[0] ?? said, embedded }, replica, startedAt, simulator, policy: inForce?.number ?? null };
    },
  };
}
