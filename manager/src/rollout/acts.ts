/** What persons do to rollouts. Each act is one transaction: the act, what follows for waves and devices, its audit row, and the outbox. */
import { Fault } from '@pier/shared/core';
import type { RolloutAct, RolloutState } from '@pier/shared/api';
import { eq } from 'drizzle-orm';
import { type Db, rollout as rolloutTable, storeAudit } from '../db/index.ts';
import { type Writer, lockDevices } from '../device/index.ts';
import { begin } from './begin.ts';
import { lastActOn } from './last-act.ts';
import { excludableStates, factsFor, retryableOf } from './facts.ts';
import { type RolloutStep, type WaveStep, judgeVerb, stepOfVerb, wavesHealed, wavesToAdvance } from './rules/index.ts';
import { type DeploymentRow, type Shown, deploymentsIn, lockRollout, storeMoves } from './store.ts';
import { takeBack } from './take-back.ts';
import { storeSteps, wavesOf, wordsOf } from './waves.ts';

export type Acting = { readonly id: string; readonly body: RolloutAct; readonly actor: string; /** The revision that it was decided on; undefined for whatever it is now. */ readonly ifMatch: number | undefined; readonly writer: Writer };

/**
 * Does a verb. It waits for the rollout's lock, so that of two at once the later one finds what the first has done.
 * Faults: `not-found`; `revision-stale` naming both revisions, and who was quicker with what; `verb-unfit` saying what would fit; `forbidden`.
 */
export async function actOn(tx: Db, { id, body, actor, ifMatch, writer }: Acting): Promise<void> {
  const of = await lockRollout(tx, id, { skipLocked: false });
  if (!of) throw new Fault('not-found', `there is no rollout "${id.slice(0, 64)}"`);
  const { revision, state } = of.rollout;
  if (ifMatch !== undefined && ifMatch !== revision) {
    const since = await lastActOn(tx, id, writer.nowMs);
    throw new Fault('revision-stale', `${body.verb} was decided on revision ${ifMatch} of rollout ${id}, which is at ${revision} now${since === undefined ? '' : `: ${since}`}. Look again, then decide`, { revision });
  }
  const facts = await factsFor(tx, of, { actor, devices: 'devices' in body ? body.devices : undefined });
  const fit = judgeVerb(body.verb, facts);
  if (!fit.possible) throw new Fault(fit.code, fit.sentence);
  const done = await perform(tx, of, { body, actor, writer });
  const { verb, remark, ...asked } = body;
  const detail = { remark: remark ?? null, from: state, revision, devices: fit.devices, ...('maxInFlight' in asked ? { maxInFlight: asked.maxInFlight, before: of.rollout.maxInFlight } : {}), ...done };
  await storeAudit(tx, [{ actor, action: `rollout.${verb}`, object: `rollout:${id}`, detail }], writer.nowMs);
}

type Doing = { readonly body: RolloutAct; readonly actor: string; readonly writer: Writer };

/** Out: what the audit says beside the count. */
async function perform(tx: Db, of: Shown, doing: Doing): Promise<Record<string, unknown>> {
  const { body, actor, writer } = doing;
  switch (body.verb) {
    case 'retry':
      return retry(tx, of, doing, body.devices);
    case 'exclude':
      return exclude(tx, of, doing, body.devices);
    case 'advance':
      return advance(tx, of, doing);
    case 'resume':
      return resume(tx, of, doing);
    case 'approve': {
      const superseded = await begin(tx, of, { actor, writer });
      await storeSteps(tx, { rollout: of.rollout, waves: [], step: stepFor(of, doing), actor, decidedBy: actor }, writer.nowMs);
      return { superseded };
    }
    case 'deny':
      await leaveOut(tx, of, doing);
      break;
    case 'set_cap':
      await tx.update(rolloutTable).set({ maxInFlight: body.maxInFlight }).where(eq(rolloutTable.id, of.rollout.id));
      await storeSteps(tx, { rollout: of.rollout, waves: [], step: undefined, actor }, writer.nowMs);
      return {};
    case 'pause':
    case 'abort':
    case 'roll_back':
      break;
  }
  const decided = body.verb === 'deny' ? { decidedBy: actor } : {};
  await storeSteps(tx, { rollout: of.rollout, waves: [], step: stepFor(of, doing), actor, ...decided }, writer.nowMs);
  return {};
}

/** Where the table leads, with the cause and the reason that are shown then. */
function stepFor({ rollout }: Shown, { body, actor }: Doing): RolloutStep {
  const { state } = wordsOf(rollout);
  const to: RolloutState = stepOfVerb(body.verb, state) ?? state;
  const said = body.remark === undefined ? '' : `: ${body.remark}`;
  const words: Readonly<Partial<Record<RolloutState, string>>> = { paused: 'paused', aborting: 'aborted', denied: 'denied', rolling_back: 'rolled back' };
  const word = words[to];
  return { to, cause: to === 'paused' ? 'operator' : null, reason: word === undefined ? null : { code: `operator.${body.verb}`, reason: `${word} by ${actor}${said}` } };
}

const noReason: Pick<RolloutStep, 'cause' | 'reason'> = { cause: null, reason: null };

async function resume(tx: Db, { rollout }: Shown, { actor, writer }: Doing): Promise<Record<string, unknown>> {
  const waves = (await wavesOf(tx, [rollout.id])).get(rollout.id) ?? [];
  const healed = wavesHealed(waves).map((n): WaveStep => ({ n, to: 'active', reason: null }));
  await storeSteps(tx, { rollout, waves: healed, step: { to: 'running', ...noReason }, actor }, writer.nowMs);
  return { waves: healed.map(({ n }) => n) };
}

async function advance(tx: Db, { rollout }: Shown, { body, actor, writer }: Doing): Promise<Record<string, unknown>> {
  const waves = (await wavesOf(tx, [rollout.id])).get(rollout.id) ?? [];
  const { pass, open } = wavesToAdvance(waves);
  const reason = { code: 'operator.advance', reason: `${actor} advanced past its gate${body.remark === undefined ? '' : `: ${body.remark}`}` };
  const steps = [...pass.map((n): WaveStep => ({ n, to: 'passed', reason })), ...(open === undefined ? [] : [{ n: open, to: 'active' as const, reason: null }])];
  await storeSteps(tx, { rollout, waves: steps, step: { to: 'running', ...noReason }, actor, overridden: pass }, writer.nowMs);
  return { passed: pass, opened: open ?? null };
}

/** Lets devices try again. A wave that stood at its gate is active again unless what still failed breaks it; then the rollout stays paused. */
async function retry(tx: Db, { rollout }: Shown, { actor, writer }: Doing, devices: readonly string[] | undefined): Promise<Record<string, unknown>> {
  const suspects = await retryableOf(tx, rollout, devices);
  await lockDevices(tx, suspects.map((row) => row.deviceId));
  const rows = await retryableOf(tx, rollout, suspects.map((row) => row.deviceId));
  const made = await storeMoves(tx, rows.map((from) => ({ from, to: 'waiting' as const, reason: null, attempt: null, offers: 0, retryAt: null, actor })), writer.nowMs);
  const { state, cause } = wordsOf(rollout);
  const healed = wavesHealed((await wavesOf(tx, [rollout.id])).get(rollout.id) ?? []);
  const goesOn = cause === 'gate' && healed.length > 0;
  const waves = goesOn ? healed.map((n): WaveStep => ({ n, to: 'active', reason: null })) : [];
  await storeSteps(tx, { rollout, waves, step: goesOn ? { to: 'running', ...noReason } : undefined, actor }, writer.nowMs);
  return { retried: namesOf(made.map(({ from }) => from)), to: goesOn ? 'running' : state };
}

async function exclude(tx: Db, of: Shown, { body, actor, writer }: Doing, devices: readonly string[]): Promise<Record<string, unknown>> {
  const { rollout } = of;
  await lockDevices(tx, devices);
  const rows = await deploymentsIn(tx, { rolloutId: rollout.id, states: excludableStates, devices });
  const reason = { code: 'excluded', reason: `left out by ${actor}${body.remark === undefined ? '' : `: ${body.remark}`}` };
  await storeMoves(tx, rows.filter((row) => row.state !== 'offered').map((from) => ({ from, to: 'excluded' as const, reason, actor })), writer.nowMs);
  await takeBack(tx, of, { rows: rows.filter((row) => row.state === 'offered'), to: 'excluded', reason, actor, writer });
  await storeSteps(tx, { rollout, waves: [], step: undefined, actor }, writer.nowMs);
  return { excluded: namesOf(rows) };
}

/** A denied rollout has nobody waiting. */
async function leaveOut(tx: Db, { rollout }: Shown, { actor, writer }: Doing): Promise<void> {
  const suspects = await deploymentsIn(tx, { rolloutId: rollout.id, states: ['waiting'] });
  const devices = suspects.map((row) => row.deviceId);
  await lockDevices(tx, devices);
  const rows = await deploymentsIn(tx, { rolloutId: rollout.id, states: ['waiting'], devices });
  const reason = { code: 'cancelled', reason: `the rollout was denied by ${actor}` };
  await storeMoves(tx, rows.map((from) => ({ from, to: 'cancelled' as const, reason, actor })), writer.nowMs);
}

const namedMax = 100;

function namesOf(rows: readonly DeploymentRow[]): string[] {
  return rows.slice(0, namedMax).map((row) => row.deviceId);
}
