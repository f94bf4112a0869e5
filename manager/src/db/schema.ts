/** The tables. Nouns as in the API; states are text with a CHECK made from the same lists that the API shows. */
import { sql } from 'drizzle-orm';
import { type AnyPgColumn, bigint, boolean, check, doublePrecision, index, integer, jsonb, pgTable, primaryKey, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core';
import { CommandState, DeploymentState, DeviceState, InFlightState, PauseCause, ReleaseState, Role, RolloutState, UiVerb, WaveState } from '@pier/shared/api';

const time = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });
const createdAt = () => time('created_at').notNull().defaultNow();
const number = (name: string) => bigint(name, { mode: 'number' });
const oneOf = (name: string, column: AnyPgColumn, values: readonly string[]) => check(name, sql`${column} in (${sql.raw(values.map((value) => `'${value}'`).join(', '))})`);

/** A device is at work for at most one deployment of an app. */
const inFlight = sql.raw(InFlightState.options.map((state) => `'${state}'`).join(', '));

/** Whose database this is: one row, the fingerprint of the CA that the fleet's devices trust. */
export const installation = pgTable('installation', { caFingerprint: text('ca_fingerprint').primaryKey(), claimedAt: time('claimed_at').notNull().defaultNow() });

export const device = pgTable(
  'device',
  {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    model: text('model').notNull(),
    profile: jsonb('profile').$type<Record<string, unknown>>().notNull(),
    tags: jsonb('tags').$type<Record<string, string>>().notNull().default({}),
    state: text('state').notNull().default('active'),
    generation: number('generation').notNull().default(1),
    /** Key id of the device's own key: the same key enrolling again is the same device. */
    keyId: text('key_id').notNull().unique(),
    /** When the last certificate that was signed for that key runs out; null where nobody wrote it down. */
    certificateUntil: time('certificate_until'),
    /** What is wrong with the device itself, beside its apps, until it is over. */
    alarm: jsonb('alarm').$type<{ code: string; reason: string }>(),
    createdAt: createdAt(),
  },
  (table) => [oneOf('device_state_known', table.state, DeviceState.options), index('device_tags').using('gin', sql`${table.tags} jsonb_path_ops`)],
);

/** Keys of a device beside the one that counts: those of renewals that were not seen yet, with the key that asked, and those that were given up. */
export const deviceKey = pgTable(
  'device_key',
  { keyId: text('key_id').primaryKey(), deviceId: text('device_id').notNull().references(() => device.id), state: text('state').notNull(), replaces: text('replaces'), since: time('since').notNull().defaultNow(), /** When the last certificate that was signed for it runs out; null where nobody wrote it down. */ until: time('until') },
  (table) => [oneOf('device_key_state_known', table.state, ['offered', 'retired']), index('device_key_device').on(table.deviceId)],
);

/** A device that waits for a person to let it in: what it asked with, so that its certificate can be made when it asks again. */
export const pendingDevice = pgTable('pending_device', {
  deviceId: text('device_id').primaryKey().references(() => device.id),
  tokenId: text('token_id').notNull(),
  askedAt: time('asked_at').notNull().defaultNow(),
});

/** What changes with every heartbeat; kept apart so that the rest of a device is not rewritten. */
export const deviceLive = pgTable('device_live', {
  deviceId: text('device_id').primaryKey().references(() => device.id),
  online: boolean('online').notNull(),
  conn: text('conn').notNull(),
  agent: text('agent').notNull(),
  gen: number('gen').notNull(),
  boot: number('boot').notNull(),
  seq: number('seq').notNull(),
  /** Revision that the device last said it holds. */
  rev: number('rev').notNull(),
  lastSeenAt: time('last_seen_at').notNull(),
  /** What each guest has used since its start, as of the last heartbeat. */
  usage: jsonb('usage').$type<Record<string, unknown>>(),
  /** When the manager started, for a device that was online until then and has not come back yet, nor been away for long. */
  awaitedSince: time('awaited_since'),
});

export const deviceState = pgTable('device_state', {
  deviceId: text('device_id').primaryKey().references(() => device.id),
  /** The last document rendered for this device, as signed, and its place in the order. */
  rev: number('rev').notNull().default(0),
  desired: jsonb('desired').$type<Record<string, unknown>>(),
  desiredHash: text('desired_hash'),
  /** Number of the policy for which it was last rendered; below the newest one, the device has yet to be told of that. */
  policyNumber: number('policy_number').notNull().default(0),
  reported: jsonb('reported').$type<Record<string, unknown>>(),
  gen: number('gen').notNull().default(0),
  boot: number('boot').notNull().default(0),
  seq: number('seq').notNull().default(0),
  reportedAt: time('reported_at'),
});

export const binding = pgTable(
  'binding',
  {
    deviceId: text('device_id').notNull().references(() => device.id),
    app: text('app').notNull(),
    bindings: jsonb('bindings').$type<Record<string, unknown>>().notNull(),
    setBy: text('set_by').notNull(),
    updatedAt: time('updated_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.deviceId, table.app] })],
);

export const claimToken = pgTable('claim_token', {
  id: text('id').primaryKey(),
  secretHash: text('secret_hash').notNull().unique(),
  usesMax: integer('uses_max').notNull(),
  uses: integer('uses').notNull().default(0),
  tags: jsonb('tags').$type<Record<string, string>>().notNull().default({}),
  /** Whether each device that comes with it waits for a person. */
  approval: boolean('approval').notNull().default(false),
  expiresAt: time('expires_at').notNull(),
  createdBy: text('created_by').notNull(),
  createdAt: createdAt(),
});

export const policy = pgTable('policy', {
  number: number('number').primaryKey(),
  rootId: text('root_id').notNull(),
  envelope: jsonb('envelope').$type<Record<string, unknown>>().notNull(),
  setBy: text('set_by').notNull(),
  createdAt: createdAt(),
});

export const release = pgTable(
  'release',
  {
    id: text('id').primaryKey(),
    app: text('app').notNull(),
    version: text('version').notNull(),
    counter: number('counter').notNull(),
    repository: text('repository').notNull(),
    digest: text('digest').notNull().unique(),
    sizeBytes: number('size_bytes').notNull(),
    asks: jsonb('asks').$type<Record<string, unknown>>().notNull(),
    limits: jsonb('limits').$type<Record<string, unknown>>().notNull(),
    state: text('state').notNull(),
    reasonCode: text('reason_code'),
    reasonText: text('reason_text'),
    signedBy: jsonb('signed_by').$type<{ ids: string[] }>().notNull(),
    /** Number of the policy that it was judged by; null while there was none. */
    policyNumber: number('policy_number'),
    createdBy: text('created_by').notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    // (app, version) and (app, counter) each name one digest for ever, among releases that are verified: a stranger's upload must not squat a version.
    uniqueIndex('release_app_version').on(table.app, table.version).where(sql`${table.state} = 'verified'`),
    uniqueIndex('release_app_counter').on(table.app, table.counter).where(sql`${table.state} = 'verified'`),
    oneOf('release_state_known', table.state, ReleaseState.options),
  ],
);

/** The one writable fact of what a device should run. A null release is a withdrawal; the row stays, its attempt only rises. */
export const assignment = pgTable(
  'assignment',
  {
    deviceId: text('device_id').notNull().references(() => device.id),
    app: text('app').notNull(),
    releaseId: text('release_id').references(() => release.id),
    attempt: number('attempt').notNull(),
    soakS: integer('soak_s').notNull(),
    setBy: text('set_by').notNull(),
    /** Assigned by a person: rollouts leave it alone until it is released. */
    byHand: boolean('by_hand').notNull().default(false),
    updatedAt: time('updated_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.deviceId, table.app] })],
);

export const rollout = pgTable(
  'rollout',
  {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    releaseId: text('release_id').notNull().references(() => release.id),
    app: text('app').notNull(),
    state: text('state').notNull(),
    /** Who paused it; null unless paused. */
    cause: text('cause'),
    reasonCode: text('reason_code'),
    reasonText: text('reason_text'),
    /** As it was typed; null where the devices were listed. */
    selector: text('selector'),
    mode: text('mode').notNull(),
    soakS: integer('soak_s').notNull(),
    deadlineS: integer('deadline_s').notNull(),
    maxInFlight: integer('max_in_flight').notNull(),
    onFailure: text('on_failure').notNull(),
    horizonS: integer('horizon_s').notNull(),
    /** Rises with each act of a person and each change of state: what If-Match is held against. */
    revision: integer('revision').notNull().default(1),
    nextTickAt: time('next_tick_at').notNull().defaultNow(),
    createdBy: text('created_by').notNull(),
    /** Who approved or denied it. */
    decidedBy: text('decided_by'),
    createdAt: createdAt(),
    finishedAt: time('finished_at'),
  },
  (table) => [
    oneOf('rollout_state_known', table.state, RolloutState.options),
    oneOf('rollout_mode_known', table.mode, ['static', 'dynamic']),
    oneOf('rollout_on_failure_known', table.onFailure, ['pause', 'roll_back']),
    check('rollout_cause_known', sql`(${table.state} = 'paused') = (${table.cause} is not null) and (${table.cause} is null or ${table.cause} in (${sql.raw(PauseCause.options.map((one) => `'${one}'`).join(', '))}))`),
    // A completed rollout still serves devices that come back, or that match later, and a paused one ends what is overdue.
    index('rollout_due').on(table.nextTickAt).where(sql`${table.state} in ('running', 'completed', 'aborting', 'rolling_back', 'awaiting_approval', 'paused')`),
    index('rollout_app').on(table.app, table.id),
  ],
);

export const wave = pgTable(
  'wave',
  {
    rolloutId: text('rollout_id').notNull().references(() => rollout.id),
    n: integer('n').notNull(),
    state: text('state').notNull(),
    /** The wave as it was planned; never changed after the start. */
    plan: jsonb('plan').$type<Record<string, unknown>>().notNull(),
    openedAt: time('opened_at'),
    passedAt: time('passed_at'),
  },
  (table) => [primaryKey({ columns: [table.rolloutId, table.n] }), oneOf('wave_state_known', table.state, WaveState.options)],
);

export const deployment = pgTable(
  'deployment',
  {
    rolloutId: text('rollout_id').notNull().references(() => rollout.id),
    deviceId: text('device_id').notNull().references(() => device.id),
    app: text('app').notNull(),
    wave: integer('wave').notNull(),
    state: text('state').notNull(),
    attempt: number('attempt'),
    reasonCode: text('reason_code'),
    reasonText: text('reason_text'),
    deadlineAt: time('deadline_at'),
    /** What the device's last good release was when it was offered this one: where a roll back goes to. */
    fromDigest: text('from_digest'),
    /** Offers so far that were not taken up; the next comes later each time, not before `retryAt`. */
    offers: integer('offers').notNull().default(0),
    retryAt: time('retry_at'),
    provenAt: time('proven_at'),
    updatedAt: time('updated_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.rolloutId, table.deviceId] }),
    index('deployment_wave_state').on(table.rolloutId, table.wave, table.state),
    index('deployment_attempt').on(table.deviceId, table.app, table.attempt),
    // What a device's newest deployment of an app is: how it stands is asked for the whole fleet at once.
    index('deployment_newest').on(table.deviceId, table.app, table.rolloutId),
    uniqueIndex('deployment_one_in_flight').on(table.deviceId, table.app).where(sql`${table.state} in (${inFlight})`),
    oneOf('deployment_state_known', table.state, DeploymentState.options),
    // Nothing stays in progress for ever: every in-flight row has a deadline.
    check('deployment_in_flight_deadline', sql`${table.state} not in (${inFlight}) or ${table.deadlineAt} is not null`),
  ],
);

export const event = pgTable(
  'event',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    deviceId: text('device_id').notNull().references(() => device.id),
    gen: number('gen').notNull(),
    boot: number('boot').notNull(),
    seq: number('seq').notNull(),
    type: text('type').notNull(),
    app: text('app'),
    digest: text('digest'),
    attempt: number('attempt'),
    code: text('code'),
    reason: text('reason'),
    lastOutput: jsonb('last_output').$type<{ readonly lines: readonly string[] }>(),
    safeMs: doublePrecision('safe_ms'),
    receivedAt: time('received_at').notNull().defaultNow(),
  },
  (table) => [uniqueIndex('event_once').on(table.deviceId, table.gen, table.boot, table.seq), index('event_device').on(table.deviceId, table.id)],
);

/** Messages to publish after commit, at least once. */
export const outbox = pgTable('outbox', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  topic: text('topic').notNull(),
  payload: text('payload').notNull(),
  at: time('at').notNull().defaultNow(),
});

/** Samples of apps' series. A sample that comes twice is stored once. */
export const telemetry = pgTable(
  'telemetry',
  {
    deviceId: text('device_id').notNull().references(() => device.id),
    app: text('app').notNull(),
    gen: number('gen').notNull(),
    boot: number('boot').notNull(),
    n: number('n').notNull(),
    series: text('series').notNull(),
    value: doublePrecision('value').notNull(),
    unit: text('unit').notNull().default(''),
    at: time('at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.deviceId, table.app, table.gen, table.boot, table.n] }), index('telemetry_read').on(table.deviceId, table.at), index('telemetry_age').using('brin', table.at)],
);

/** Append-only; written in the transaction of what it tells of. */
export const audit = pgTable(
  'audit',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    at: time('at').notNull().defaultNow(),
    actor: text('actor').notNull(),
    action: text('action').notNull(),
    object: text('object').notNull(),
    detail: jsonb('detail').$type<Record<string, unknown>>().notNull().default({}),
    /** Ids are given before commits: who follows the tail reads only what no open transaction can still precede. */
    xid: number('xid').notNull().default(sql`(pg_current_xact_id()::text)::bigint`),
  },
  (table) => [index('audit_object').on(table.object, table.id), index('audit_actor').on(table.actor, table.id), index('audit_tail').on(table.xid, table.id)],
);

/** Answers to requests with an Idempotency-Key, so that the same request again is not done again. */
export const idempotency = pgTable(
  'idempotency',
  {
    userName: text('user_name').notNull(),
    key: text('key').notNull(),
    route: text('route').notNull(),
    requestHash: text('request_hash').notNull(),
    /** Null while the first one is at work. */
    status: integer('status'),
    answer: jsonb('answer').$type<{ readonly body: unknown }>(),
    expiresAt: time('expires_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.userName, table.key] }), index('idempotency_expiry').on(table.expiresAt)],
);

/** Commands that this manager sent under its own key, and what came of them. */
export const command = pgTable(
  'command',
  {
    id: text('id').primaryKey(),
    deviceId: text('device_id').notNull().references(() => device.id),
    verb: text('verb').notNull(),
    app: text('app').notNull(),
    state: text('state').notNull().default('sent'),
    reasonCode: text('reason_code'),
    reasonText: text('reason_text'),
    sentBy: text('sent_by').notNull(),
    sentAt: time('sent_at').notNull().defaultNow(),
    /** When it counts as unanswered. */
    deadlineAt: time('deadline_at').notNull(),
    endedAt: time('ended_at'),
  },
  (table) => [
    index('command_device').on(table.deviceId, table.sentAt),
    index('command_open').on(table.deadlineAt).where(sql`${table.endedAt} is null`),
    oneOf('command_verb_known', table.verb, UiVerb.options),
    oneOf('command_state_known', table.state, CommandState.options),
  ],
);

/** Views of the devices that people keep, each their own. */
export const savedView = pgTable(
  'saved_view',
  { userName: text('user_name').notNull().references(() => userAccount.name, { onDelete: 'cascade' }), name: text('name').notNull(), query: text('query').notNull(), createdAt: createdAt() },
  (table) => [primaryKey({ columns: [table.userName, table.name] })],
);

export const userAccount = pgTable(
  'user_account',
  {
    name: text('name').primaryKey(),
    /** scrypt with its parameters, salt and hash in one string. */
    password: text('password').notNull(),
    role: text('role').notNull(),
    createdAt: createdAt(),
  },
  (table) => [oneOf('user_account_role_known', table.role, Role.options)],
);

/** A browser's session, by the hash of what its cookie holds. */
export const session = pgTable(
  'session',
  {
    hash: text('hash').primaryKey(),
    userName: text('user_name').notNull().references(() => userAccount.name),
    expiresAt: time('expires_at').notNull(),
    createdAt: createdAt(),
  },
  (table) => [index('session_expiry').on(table.expiresAt)],
);

export const apiToken = pgTable(
  'api_token',
  {
    id: text('id').primaryKey(),
    hash: text('hash').notNull().unique(),
    userName: text('user_name').notNull().references(() => userAccount.name),
    name: text('name').notNull().default('first'),
    role: text('role').notNull(),
    expiresAt: time('expires_at'),
    lastUsedAt: time('last_used_at'),
    createdAt: createdAt(),
  },
  (table) => [oneOf('api_token_role_known', table.role, Role.options)],
);
