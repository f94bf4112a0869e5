/** A database as a manager of some time ago left it: each schema that was ever committed, with rows in every table. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import type { Client } from 'pg';
import { generateKeyPair, payloadTypes, signEnvelope } from '@pier/shared/signing';
import { makeSchemaAt } from '../db/index.ts';

const migrationsFolder = fileURLToPath(new URL('../../migrations', import.meta.url));
const journal: { entries: { when: number; tag: string }[] } = JSON.parse(readFileSync(`${migrationsFolder}/meta/_journal.json`, 'utf8'));

/** Every committed schema, oldest first. */
export const schemaTags: readonly string[] = journal.entries.map(({ tag }) => tag);

const each = (what: string, values: readonly string[], row: (n: number) => string): string => `insert into ${what} values ${values.map((_, index) => `(${row(index + 1)})`).join(', ')}`;
const deployed = ['waiting', 'offered', 'soaking', 'proven', 'failed', 'refused', 'timed_out', 'cancelled', 'superseded'] as const;
const rolledOut = ['running', 'paused', 'completed', 'failed', 'aborted'] as const;
const docks = deployed.map((_, index) => `dock-${index + 1}`);
const digest = (n: number): string => `'sha256:${String(n).repeat(64)}'`;

const root = generateKeyPair();
const policy = signEnvelope({
  payloadType: payloadTypes.policy,
  payload: JSON.stringify({ number: 1, root: { id: root.id, pem: root.publicPem }, keys: [], scopes: [], bindings: 'manager', permits: 'optional', unsignedCommands: 'readOnly' }),
  privatePem: root.privatePem,
});

/** What the manager of each schema had written when the next one came. */
const rowsAt: Readonly<Record<string, readonly string[]>> = {
  '0000_spine': [
    `insert into user_account (name, password, role) values ('ada', 'scrypt$x', 'admin'), ('olga', 'scrypt$y', 'viewer')`,
    `insert into api_token (id, hash, user_name, role) values ('t1', 'hash-of-ada', 'ada', 'admin')`,
    `insert into session (hash, user_name, expires_at) values ('s1', 'ada', now() + interval '1 day')`,
    `insert into claim_token (id, secret_hash, uses_max, uses, tags, expires_at, created_by) values ('c1', 'secret', 10, 9, '{"site":"quay"}', now() + interval '1 day', 'ada')`,
    `insert into policy (number, root_id, envelope, set_by) values (1, '${root.id}', '${JSON.stringify(policy)}', 'ada')`,
    each('device (id, name, model, profile, tags, state, key_id)', docks, (n) => `'dock-${n}', 'Dock ${n} "é" \\n', 'raspberry-pi-4b', '{"model":"raspberry-pi-4b","chips":[],"serial":[]}', '{"site":"quay","n":"${n}"}', '${n === 9 ? 'revoked' : 'active'}', 'key-${n}'`),
    each('device_live (device_id, online, conn, agent, gen, boot, seq, rev, last_seen_at)', docks, (n) => `'dock-${n}', ${n % 2 === 0}, 'c', '0.1.0', 1, 2, ${n}, ${9_007_199_254_000_000 + n}, '2026-10-01T01:02:03.456789Z'`),
    each('device_state (device_id, rev, desired_hash, reported, gen, boot, seq, reported_at)', docks, (n) => `'dock-${n}', ${n}, null, '{"rev":1,"desired":"${digest(1).slice(1, -1)}","policy":1,"apps":{}}', 1, 2, ${n}, now()`),
    each('binding (device_id, app, bindings, set_by)', docks, (n) => `'dock-${n}', 'blink', '{"led":{"kind":"gpio","chip":"pinctrl-bcm2711","line":17,"modes":["out"]}}', 'ada'`),
    each('release (id, app, version, counter, repository, digest, size_bytes, asks, limits, state, signed_by, policy_number, created_by)', rolledOut, (n) => `'rel-${n}', 'blink', '1.0.${n}', ${n}, 'apps/blink', ${digest(n)}, 1000, '{}', '{}', '${n === 5 ? 'rejected' : 'verified'}', '{"ids":["${root.id}"]}', 1, 'ada'`),
    each('assignment (device_id, app, release_id, attempt, soak_s, set_by)', docks, (n) => `'dock-${n}', 'blink', ${n === 8 ? 'null' : "'rel-1'"}, ${n}, 60, 'rollout:r1'`),
    each('rollout (id, release_id, app, state, soak_s, deadline_s, created_by, next_tick_at, finished_at)', rolledOut, (n) => `'r${n}', 'rel-${n}', 'blink', '${rolledOut[n - 1]}', 60, 600, 'ada', now() + interval '1 day', ${n < 3 ? 'null' : 'now()'}`),
    each('wave (rollout_id, n, state, total)', rolledOut, (n) => `'r${n}', 1, '${n === 1 ? 'active' : n === 3 ? 'passed' : 'failed'}', 9`),
    each('deployment (rollout_id, device_id, app, wave, state, attempt, reason_code, reason_text, deadline_at)', docks, (n) => `'r1', 'dock-${n}', 'blink', 1, '${deployed[n - 1]}', ${n}, ${n > 4 ? "'guest-trapped', 'unreachable executed'" : 'null, null'}, ${n === 2 || n === 3 ? "now() + interval '1 day'" : 'null'}`),
    each('event (device_id, gen, boot, seq, type, app, digest, attempt, code, reason)', docks, (n) => `'dock-${n}', 1, 2, ${n}, 'app.started', 'blink', ${digest(1)}, 1, null, 'tab\\tand “quotes”'`),
    `insert into outbox (topic, payload) values ('pier/v1/d/dock-1/down/desired', '{}')`,
    each('audit (actor, action, object, detail)', docks, (n) => `'ada', 'device.enrolled', 'device:dock-${n}', '{"model":"raspberry-pi-4b"}'`),
  ],
  '0001_fleet': [
    `insert into idempotency (user_name, key, route, request_hash, status, answer, expires_at) values ('ada', 'k', 'createRollout', 'h', 201, '{"body":null}', now() + interval '1 day')`,
    `insert into device (id, name, model, profile, state, key_id) values ('dock-new', 'dock-new', 'raspberry-pi-5', '{"model":"raspberry-pi-5","chips":[],"serial":[]}', 'pending', 'key-new')`,
    `insert into pending_device (device_id, token_id) values ('dock-new', 'c1')`,
    `insert into telemetry (device_id, app, gen, boot, n, series, value, at) values ('dock-1', 'meter', 1, 1, 1, 'power', 0.1, now()), ('dock-1', 'meter', 1, 1, 2, 'power', 'NaN', now()), ('dock-1', 'meter', 1, 1, 3, 'power', 1.7976931348623157e308, now())`,
  ],
  '0002_face': [
    `insert into command (id, device_id, verb, app, state, sent_by, deadline_at, ended_at) values ('cmd-1', 'dock-1', 'app.restart', 'blink', 'done', 'ada', now(), now())`,
    `insert into saved_view (user_name, name, query) values ('ada', 'quay', 'q=site%3Dquay')`,
  ],
  '0003_installation': [`insert into installation (ca_fingerprint) values ('f00d')`],
  '0004_identity': [`insert into device_key (key_id, device_id, state, replaces) values ('key-old', 'dock-1', 'retired', null)`],
  '0005_awaited': [
    `update device_live set awaited_since = now() where device_id = 'dock-1'`,
    `update device set certificate_until = now() + interval '1 day' where id = 'dock-1'`,
    `insert into device_key (key_id, device_id, state, replaces, until) values ('key-older', 'dock-1', 'retired', null, now() + interval '1 day')`,
  ],
};

/** Makes the schema of this migration in an empty database, filled as its manager, and those before it, had filled it. */
export async function fillAt(client: Client, tag: string): Promise<void> {
  const files = readMigrationFiles({ migrationsFolder });
  for (const [index, { tag: at, when }] of journal.entries.entries()) {
    if (index === 0) await makeSchemaAt(client, when);
    else {
      for (const statement of files[index]?.sql ?? []) await client.query(statement);
      await client.query('insert into drizzle.__drizzle_migrations (hash, created_at) values ($1, $2)', [files[index]?.hash, when]);
    }
    for (const statement of rowsAt[at] ?? []) await client.query(statement);
    if (at === tag) return;
  }
  throw new Error(`there is no migration ${tag}`);
}
