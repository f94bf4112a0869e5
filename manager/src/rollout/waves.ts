/** Waves with their counts, which are always counted and never stored, and the steps of waves and rollouts. */
import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import { DeploymentState, PauseCause, RolloutState, WavePlan, WaveState } from '@pier/shared/api';
import type { Reason } from '@pier/shared/wire';
import { type Db, audit, deployment, rollout, storeAudit, wave } from '../db/index.ts';
import { type Counts, type RolloutStep, type WaveFacts, type WaveStep, absentCodes, badEnds, isBroken } from './rules/index.ts';
import type { RolloutRow } from './store.ts';

export type WaveRow = WaveFacts & { readonly openedAt: Date | null; readonly passedAt: Date | null };

const overridden = 'wave.overridden';

/** The waves of rollouts, in their order, with what their deployments are in. */
export async function wavesOf(db: Db, ids: readonly string[]): Promise<Map<string, WaveRow[]>> {
  const out = new Map<string, WaveRow[]>(ids.map((id) => [id, []]));
  if (ids.length === 0) return out;
  const counts = await countsOf(db, ids);
  const rows = await db.select().from(wave).where(inArray(wave.rolloutId, [...ids])).orderBy(asc(wave.rolloutId), asc(wave.n));
  for (const { rolloutId, n, state, plan, openedAt, passedAt } of rows) {
    const counted = counts.get(`${rolloutId}/${n}`) ?? { counts: {}, absent: 0 };
    const row = { n, state: WaveState.parse(state), plan: WavePlan.parse(plan), ...counted, openedAt, passedAt };
    const since = row.state === 'passed' && isBroken(row) ? await badSinceOverride(db, rolloutId, n) : undefined;
    out.get(rolloutId)?.push(since === undefined ? row : { ...row, badSinceOverride: since });
  }
  return out;
}

/** The waves of one rollout without their counts. */
export async function plansOf(db: Db, id: string): Promise<Pick<WaveFacts, 'n' | 'state' | 'plan'>[]> {
  const rows = await db.select({ n: wave.n, state: wave.state, plan: wave.plan }).from(wave).where(eq(wave.rolloutId, id)).orderBy(asc(wave.n));
  return rows.map(({ n, state, plan }) => ({ n, state: WaveState.parse(state), plan: WavePlan.parse(plan) }));
}

async function countsOf(db: Db, ids: readonly string[]): Promise<Map<string, { counts: Counts; absent: number }>> {
  const absent = sql<number>`count(*) filter (where ${and(eq(deployment.state, 'waiting'), inArray(deployment.reasonCode, absentCodes))})::int`;
  const rows = await db
    .select({ rolloutId: deployment.rolloutId, n: deployment.wave, state: deployment.state, count: sql<number>`count(*)::int`, absent })
    .from(deployment)
    .where(inArray(deployment.rolloutId, [...ids]))
    .groupBy(deployment.rolloutId, deployment.wave, deployment.state);
  const out = new Map<string, { counts: Counts; absent: number }>();
  for (const row of rows) {
    const key = `${row.rolloutId}/${row.n}`;
    const before = out.get(key) ?? { counts: {}, absent: 0 };
    out.set(key, { counts: { ...before.counts, [DeploymentState.parse(row.state)]: row.count }, absent: before.absent + row.absent });
  }
  return out;
}

/** How many of a wave ended badly since a person advanced past its gate; undefined when nobody did. */
async function badSinceOverride(db: Db, rolloutId: string, n: number): Promise<number | undefined> {
  const [last] = await db.select({ at: sql<string | null>`max(${audit.at})::text` }).from(audit).where(and(eq(audit.object, `rollout:${rolloutId}`), eq(audit.action, overridden), sql`(${audit.detail}->>'wave')::int = ${n}`));
  if (!last || last.at === null) return undefined;
  const bad = and(eq(deployment.rolloutId, rolloutId), eq(deployment.wave, n), inArray(deployment.state, [...badEnds]), sql`${deployment.updatedAt} > ${last.at}::timestamptz`);
  const [row] = await db.select({ count: sql<number>`count(*)::int` }).from(deployment).where(bad);
  return row?.count ?? 0;
}

export type Steps = {
  readonly rollout: RolloutRow;
  readonly waves: readonly WaveStep[];
  readonly step: RolloutStep | undefined;
  readonly actor: string;
  /** Waves that a person takes as passed though their gate does not say so. */
  readonly overridden?: readonly number[];
  readonly decidedBy?: string;
  /** For the audit, where the rollout itself shows no reason. */
  readonly why?: Reason;
};

/** Writes what waves and rollout step to, with an audit row each; whoever decided on an older revision has to look again. */
export async function storeSteps(tx: Db, { rollout: row, waves, step, actor, overridden: over = [], decidedBy, why }: Steps, nowMs: number): Promise<void> {
  const object = `rollout:${row.id}`;
  for (const { n, to } of waves) {
    const times = to === 'active' ? { openedAt: sql`coalesce(${wave.openedAt}, ${at(nowMs)})` } : to === 'passed' ? { passedAt: sql`${at(nowMs)}` } : {};
    await tx.update(wave).set({ state: to, ...times }).where(and(eq(wave.rolloutId, row.id), eq(wave.n, n)));
  }
  const rows = waves.map(({ n, to, reason }) => ({ actor, action: over.includes(n) && to === 'passed' ? overridden : `wave.${to}`, object, detail: { wave: n, reason } }));
  const left = step && step.to !== row.state;
  await storeAudit(tx, [...rows, ...(left && actor === object ? [{ actor, action: `rollout.${step.to}`, object, detail: { from: row.state, cause: step.cause, reason: why ?? step.reason } }] : [])], nowMs);
  const state = step ? stateColumns(step, row, nowMs) : {};
  await tx.update(rollout).set({ ...state, ...(decidedBy === undefined ? {} : { decidedBy }), revision: sql`${rollout.revision} + 1`, nextTickAt: new Date(nowMs) }).where(eq(rollout.id, row.id));
}

const at = (ms: number) => sql`${new Date(ms).toISOString()}::timestamptz`;

function stateColumns({ to, cause, reason }: RolloutStep, row: RolloutRow, nowMs: number) {
  const over = to === 'completed' || to === 'denied' || to === 'aborted' || to === 'rolled_back';
  const finishedAt = over ? (to === row.state ? row.finishedAt : new Date(nowMs)) : null;
  return { state: to, cause, ...reasonColumns(reason), finishedAt };
}

function reasonColumns(reason: Reason | null) {
  return { reasonCode: reason?.code ?? null, reasonText: reason?.reason ?? null };
}

/** A rollout's row with its words read. */
export function wordsOf({ state, cause, mode, onFailure }: RolloutRow) {
  return { state: RolloutState.parse(state), cause: PauseCause.nullable().parse(cause), mode: mode === 'dynamic' ? ('dynamic' as const) : ('static' as const), onFailure: onFailure === 'roll_back' ? ('roll_back' as const) : ('pause' as const) };
}

/** The soak of a wave: its own, or the rollout's. */
export function soakOf(waves: readonly Pick<WaveFacts, 'n' | 'plan'>[], n: number, soakS: number): number {
  return waves.find((one) => one.n === n)?.plan.soakS ?? soakS;
}
