import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RolloutState } from '@pier/shared/api';
import { openTestDatabase } from '../../../test/support/postgres.ts';

let world: Awaited<ReturnType<typeof openTestDatabase>>;
beforeAll(async () => {
  world = await openTestDatabase();
}, 120_000);
afterAll(async () => world[Symbol.asyncDispose](), 60_000);

/** How a statement is carried out where reading a whole table is the last resort: small tables are read whole otherwise. */
async function planOf(text: string): Promise<string> {
  return world.db.transaction(async (tx) => {
    await tx.execute(sql.raw('set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off'));
    const { rows } = await tx.execute(sql.raw(`explain (costs off) ${text}`));
    return rows.map((row) => String(row['QUERY PLAN'])).join('\n');
  });
}

const ended = ['denied', 'aborted', 'rolled_back'];

test.each(RolloutState.options.filter((state) => !ended.includes(state)))('rollouts that are %s and due are found by their time', async (state) => {
  expect(await planOf(`select id from rollout where state = '${state}' and next_tick_at <= now() order by next_tick_at limit 10`)).toContain('rollout_due');
});

test.each(ended)('rollouts that are %s have left the index of those that are due', async (state) => {
  expect(await planOf(`select id from rollout where state = '${state}' and next_tick_at <= now()`)).not.toContain('rollout_due');
});

test('a deployment is found by the attempt under which it was given to its device', async () => {
  const plan = await planOf(`select rollout_id from deployment where device_id = 'dock' and app = 'blink' and attempt = 7`);
  expect(plan).toMatch(/deployment_attempt[^]*Index Cond: .*attempt = /);
});
