import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { openTestDatabase } from '../../../test/support/postgres.ts';

const manager = fileURLToPath(new URL('../..', import.meta.url));
const kit = fileURLToPath(new URL('../../../node_modules/drizzle-kit/bin.cjs', import.meta.url));
const migrations = join(manager, 'migrations');

test('the migrations make exactly the tables of the schema', async () => {
  const copy = await mkdtemp(join(tmpdir(), 'pier-migrations-'));
  try {
    await cp(migrations, copy, { recursive: true });
    const args = [kit, 'generate', '--dialect', 'postgresql', '--schema', 'src/db/schema.ts', '--out', relative(manager, copy)];
    await promisify(execFile)(process.execPath, args, { cwd: manager });
    // A file more? The schema was changed: npx drizzle-kit generate, in manager/.
    expect(await readdir(copy)).toEqual(await readdir(migrations));
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
});

test('each migration is later than the one before: an earlier one would never be applied', async () => {
  const journal: { entries: { when: number; tag: string }[] } = JSON.parse(await readFile(join(migrations, 'meta/_journal.json'), 'utf8'));
  const times = journal.entries.map((entry) => entry.when);
  expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
  const files = (await readdir(migrations)).filter((name) => name.endsWith('.sql'));
  expect(files).toEqual(journal.entries.map((entry) => `${entry.tag}.sql`));
});

/** The statements of a migration, in a schema of their own beside the tables that are there. */
async function statementsOf(tag: string): Promise<string[]> {
  return (await readFile(join(migrations, `${tag}.sql`), 'utf8')).replaceAll('"public".', '"old".').split('--> statement-breakpoint');
}

test('what rollouts did before the fleet’s schema can be gone back from, and is not begun again', async () => {
  await using world = await openTestDatabase();
  await world.db.transaction(async (tx) => {
    const run = async (...texts: readonly string[]): Promise<void> => {
      for (const text of texts) await tx.execute(sql.raw(text));
    };
    await run('create schema old', 'set local search_path = old', ...(await statementsOf('0000_spine')));
    await run(
      `insert into device (id, name, model, profile, key_id) values ('dock', 'dock', 'm', '{}', 'k')`,
      `insert into release (id, app, version, counter, repository, digest, size_bytes, asks, limits, state, signed_by, created_by)
        select 'release-' || n, 'blink', n::text, n, 'apps/blink', 'sha256:' || n, 1, '{}', '{}', 'verified', '{"ids":[]}', 'dev' from generate_series(1, 3) n`,
      // The ids tell nothing of the time.
      `insert into rollout (id, release_id, app, state, soak_s, deadline_s, created_by, created_at, finished_at)
        select 'rollout-' || (9 - n), 'release-' || n, 'blink', case n when 3 then 'running' else 'completed' end, 1, 60, 'ada', timestamptz '2026-01-01' + n * interval '1 day', case n when 3 then null else timestamptz '2026-01-01' + n * interval '2 days' end from generate_series(1, 3) n`,
      `insert into wave (rollout_id, n, state, total) select id, 1, case state when 'running' then 'active' else 'passed' end, 1 from rollout`,
      `insert into deployment (rollout_id, device_id, app, wave, state, attempt, deadline_at) select id, 'dock', 'blink', 1, case state when 'running' then 'soaking' else 'proven' end, 1, now() from rollout`,
      ...(await statementsOf('0001_fleet')),
    );
    const { rows: deployments } = await tx.execute(sql.raw(`select rollout_id, from_digest, proven_at is not null as proven from deployment order by rollout_id desc`));
    expect(deployments).toEqual([
      { rollout_id: 'rollout-8', from_digest: null, proven: true },
      { rollout_id: 'rollout-7', from_digest: 'sha256:1', proven: true },
      { rollout_id: 'rollout-6', from_digest: 'sha256:2', proven: false },
    ]);
    const { rows: waves } = await tx.execute(sql.raw(`select w.state, opened_at = r.created_at as opened, passed_at = r.finished_at as passed from wave w join rollout r on r.id = w.rollout_id order by r.created_at`));
    expect(waves).toEqual([{ state: 'passed', opened: true, passed: true }, { state: 'passed', opened: true, passed: true }, { state: 'active', opened: true, passed: null }]);
  });
}, 120_000);
