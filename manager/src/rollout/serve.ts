import { and, asc, eq, max } from 'drizzle-orm';
import { InFlightState, type RolloutState } from '@pier/shared/api';
import { invariant } from '@pier/shared/core';
import type { TrustPolicy } from '@pier/shared/signing';
import { type Db, deployment, device } from '../db/index.ts';
import { type Writer, bindingsOf } from '../device/index.ts';
import { begin } from './begin.ts';
import { consentTo } from './consent.ts';
import { joinNew, mayJoin } from './join.ts';
import { type Offered, offerPage } from './offer.ts';
import { type Progress, type WaveFacts, allCounts, approvalCodes, desertedStep, engineMayMove, openTo, progressOf, sumOf, waveMayMove } from './rules/index.ts';
import { type RolloutRow, type Shown, hasWaiting, storeNextTick } from './store.ts';
import { type Turn, batchMax, neverMs, paceMs, step } from './turn.ts';
import { explainWaiting } from './waiting.ts';
import { storeSteps, wavesOf, wordsOf } from './waves.ts';

const serving = ['running', 'completed'] as const;
const offerSDefault = 30;

/** Serves a rollout that is running, or that has completed and still has devices to come: offers, then judges; what opens is offered at once. */
export async function serve(turn: Turn): Promise<RolloutState | undefined> {
  if (turn.due) while ((await step(turn, (tx, of, writer) => joinNew(tx, of, { writer, limit: batchMax }), serving)) === batchMax);
  for (;;) {
    const full = await offerAll(turn);
    if (full === 'untrusted') return 'paused';
    if (full === undefined) return undefined;
    const settled = await step(turn, (tx, of, writer) => settle(tx, of, { turn, full, writer }), serving);
    if (!settled) return undefined;
    if (settled.opened) turn.deps.log.debug({ rollout: turn.id }, 'step.wave-opened');
    if (settled.left === 'completed') turn.deps.log.debug({ rollout: turn.id }, 'step.rollout-closed');
    if (settled.left !== undefined && settled.left !== 'completed') return settled.left;
    if (!settled.opened) return undefined;
  }
}

/** Offers page by page. Out: whether room ran out before the devices did; undefined when another works on it, or it is no longer served. */
async function offerAll(turn: Turn): Promise<boolean | 'untrusted' | undefined> {
  let after: string | undefined = '';
  let full = false;
  while (after !== undefined) {
    const from: string = after;
    const page: Offered | 'untrusted' | undefined = await step(turn, (tx, of, writer) => offerOrPause(tx, of, { turn, after: from, writer }), serving);
    if (page === undefined || page === 'untrusted') return page;
    if (page.offered > 0) turn.deps.log.info({ rollout: turn.id, devices: page.offered }, 'rollout.offered');
    if (page.offered > 0) turn.deps.log.debug({ rollout: turn.id }, 'step.offer-committed');
    full = page.full;
    after = page.next;
  }
  return full;
}

async function offerOrPause(tx: Db, of: Shown, { turn, after, writer }: { turn: Turn; after: string; writer: Writer }): Promise<Offered | 'untrusted'> {
  const { release, rollout } = of;
  if (release.state === 'verified') {
    if (!turn.policy || (await isAboutToStop(tx, of))) return { next: undefined, full: false, offered: 0 };
    return offerPage(tx, of, { after, limit: batchMax, policy: turn.policy, writer, offerS: turn.deps.offerS ?? offerSDefault });
  }
  // One that has completed and has nobody left to serve stays as it is: what was proven then was trusted then.
  if (rollout.state === 'running' || (await mayStillOffer(tx, rollout))) {
    const code = release.state === 'withdrawn' ? 'release-withdrawn' : 'release-unverified';
    const reason = { code, reason: release.reasonText ?? `the release is ${release.state}` };
    await storeSteps(tx, { rollout, waves: [], step: { to: 'paused', cause: 'trust', reason }, actor: `rollout:${rollout.id}` }, writer.nowMs);
    turn.deps.log.warn({ rollout: rollout.id, code }, 'rollout.paused');
    return 'untrusted';
  }
  await storeNextTick(tx, rollout.id, await idleUntilMs(tx, rollout, writer.nowMs));
  return 'untrusted';
}

/** A bad end frees room, and may be the one that closes the gate: nobody gets the room before that is judged. */
async function isAboutToStop(tx: Db, { rollout }: Shown): Promise<boolean> {
  const to = progressOf(wordsOf(rollout), (await wavesOf(tx, [rollout.id])).get(rollout.id) ?? []).rollout?.to;
  return to !== undefined && !serving.some((state) => state === to);
}

async function mayStillOffer(tx: Db, rollout: RolloutRow): Promise<boolean> {
  return (await hasWaiting(tx, rollout.id)) || mayJoin(tx, rollout);
}

type Settled = { readonly opened: boolean; readonly left: RolloutState | undefined };

/** Says why who waits waits, judges the waves, and writes what follows. */
async function settle(tx: Db, { rollout }: Shown, { turn, full, writer }: { turn: Turn; full: boolean; writer: Writer }): Promise<Settled> {
  const { nowMs } = writer;
  const before = (await wavesOf(tx, [rollout.id])).get(rollout.id) ?? [];
  // With no room left nobody new turns out absent; then the words may wait for a beat.
  const explained = (turn.due || !full) && (allCounts(before).waiting ?? 0) > 0;
  if (explained) await explainWaiting(tx, { rolloutId: rollout.id, app: rollout.app, openTo: openTo(before), hasPolicy: turn.policy !== undefined, nowMs }, { full });
  const waves = explained ? ((await wavesOf(tx, [rollout.id])).get(rollout.id) ?? []) : before;
  const progress = progressOf(wordsOf(rollout), waves);
  if (progress.waves.length === 0 && !progress.rollout) {
    await storeNextTick(tx, rollout.id, await nextTickMs(tx, rollout, { waves, nowMs }));
    return { opened: false, left: undefined };
  }
  checkSteps(rollout, waves, progress);
  await storeSteps(tx, { rollout, waves: progress.waves, step: progress.rollout, actor: `rollout:${rollout.id}` }, nowMs);
  turn.deps.log.info({ rollout: rollout.id, waves: progress.waves.map(({ n, to }) => `${n} ${to}`), to: progress.rollout?.to }, 'rollout.stepped');
  return { opened: progress.waves.some(({ to }) => to === 'active'), left: progress.rollout?.to };
}

function checkSteps(rollout: RolloutRow, waves: readonly WaveFacts[], progress: Progress): void {
  const { state } = wordsOf(rollout);
  invariant(!progress.rollout || engineMayMove(state, progress.rollout.to), `the engine moves a rollout from ${state} to ${progress.rollout?.to}`);
  for (const { n, to } of progress.waves) {
    const from = waves.find((wave) => wave.n === n)?.state;
    invariant(from && waveMayMove(from, to), `the engine moves a wave from ${from} to ${to}`);
  }
}

async function nextTickMs(tx: Db, rollout: RolloutRow, { waves, nowMs }: { waves: readonly WaveFacts[]; nowMs: number }): Promise<number> {
  const counts = allCounts(waves);
  if (rollout.state === 'running' || sumOf(counts, InFlightState.options) > 0) return nowMs + paceMs.busy;
  if ((counts.waiting ?? 0) > 0 || (await mayJoin(tx, rollout))) return nowMs + paceMs.standing;
  return idleUntilMs(tx, rollout, nowMs);
}

/** A completed rollout that nobody can join and nobody waits in has nothing to do but to hear of late regressions, which wake it; and after their time nothing. */
async function idleUntilMs(tx: Db, { id, horizonS }: RolloutRow, nowMs: number): Promise<number> {
  const [last] = await tx.select({ provenAt: max(deployment.provenAt) }).from(deployment).where(and(eq(deployment.rolloutId, id), eq(deployment.state, 'proven')));
  return (last?.provenAt?.getTime() ?? 0) + horizonS * 1_000 < nowMs ? neverMs : nowMs + paceMs.still;
}

/**
 * A rollout that waits because no device of its first wave is covered begins by itself once one of them is. One that waits for
 * a second person's word waits on. One in which nobody is left has nothing to wait for.
 */
export async function startOnceCovered(turn: Turn): Promise<RolloutState | undefined> {
  return step(turn, (tx, of, writer) => startOrWait(tx, of, { policy: turn.policy, writer }), ['awaiting_approval']);
}

async function startOrWait(tx: Db, of: Shown, { policy, writer }: { policy: TrustPolicy | undefined; writer: Writer }): Promise<RolloutState | undefined> {
  const { rollout, release } = of;
  const { nowMs } = writer;
  const actor = `rollout:${rollout.id}`;
  if (rollout.mode === 'static' && !(await hasWaiting(tx, rollout.id))) {
    await storeSteps(tx, { rollout, waves: [], step: desertedStep, actor }, nowMs);
    return desertedStep.to;
  }
  const startable = rollout.reasonCode === approvalCodes.uncovered && release.state === 'verified' ? policy : undefined;
  if (startable && (await isCovered(tx, of, startable))) {
    await begin(tx, of, { actor, writer });
    const why = { code: 'approval.covered', reason: 'what it asks for has been bound on a device of its first wave' };
    await storeSteps(tx, { rollout, waves: [], step: { to: 'running', cause: null, reason: null }, actor, why }, nowMs);
    return 'running';
  }
  await storeNextTick(tx, rollout.id, nowMs + (startable ? paceMs.standing : paceMs.still));
  return undefined;
}

/** Whether a device of the first wave has consented to all that the release asks for; as many are looked at as one batch holds. */
async function isCovered(tx: Db, { rollout, release }: Shown, policy: TrustPolicy): Promise<boolean> {
  const rows = await tx
    .select({ id: deployment.deviceId, profile: device.profile })
    .from(deployment)
    .innerJoin(device, eq(device.id, deployment.deviceId))
    .where(and(eq(deployment.rolloutId, rollout.id), eq(deployment.wave, 1), eq(deployment.state, 'waiting')))
    .orderBy(asc(deployment.deviceId))
    .limit(batchMax);
  const bindings = await bindingsOf(tx, rows.map((row) => row.id));
  return rows.some(({ id, profile }) => consentTo({ release, bindings: bindings.get(id)?.get(release.app), profile, policy }).ok);
}
