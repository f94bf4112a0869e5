import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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

describe('of a device with a long history of one app', () => {
  beforeAll(async () => {
    await world.db.transaction(async (tx) => {
      // Rollouts and devices of their own would tell the planner nothing.
      await tx.execute(sql.raw(`set local session_replication_role = replica`));
      await tx.execute(sql.raw(`insert into deployment (rollout_id, device_id, app, wave, state, attempt) select 'r' || n, 'dock', 'blink', 1, 'superseded', n from generate_series(1, 2000) n`));
    });
    await world.db.execute(sql.raw('analyze deployment'));
  });

  test('a deployment is found by the attempt under which it was given', async () => {
    const plan = await planOf(`select rollout_id from deployment where device_id = 'dock' and app = 'blink' and attempt = 7`);
    expect(plan).toMatch(/deployment_attempt[^]*Index Cond: .*attempt = /);
  });

  test('the newest deployment is found without the others', async () => {
    expect(await planOf(`select state from deployment where device_id = 'dock' and app = 'blink' order by rollout_id desc limit 1`)).toContain('Index Scan Backward using deployment_newest');
  });
});
