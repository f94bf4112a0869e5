import { type NamedFault, caughtBy } from './named-fault.ts';

const device = 'manager/src/device';
const uplink = `${device}/uplink`;
const rollout = 'manager/src/rollout';
const rules = `${rollout}/rules`;
const plan = `${rollout}/plan`;
const telemetry = 'manager/src/telemetry';
const why = 'manager/src/why';

/** Faults in rollouts: who is taken, what is offered and when, what counts as done, and the way back. */
const rolloutFaults: readonly NamedFault[] = [
  ...caughtBy([`${rules}/deployment.test.ts`], [
    ['report-of-an-old-attempt-counts', `${rules}/deployment.ts`, 'reported.attempt !== held.attempt) return undefined;', 'false) return undefined;'],
    ['report-of-another-artifact-counts', `${rules}/deployment.ts`, 'reported.digest !== held.digest || !mayMove', '!mayMove'],
    ['deployment-goes-backward', `${rules}/deployment.ts`, ' || !mayMove(held.state, reported.state))', ')'],
    ['late-regression-ignored', `${rules}/deployment.ts`, "if (held.state === 'proven') return regressed(held, reported, nowMs);", "if (held.state === 'proven') return undefined;"],
    ['regression-without-horizon', `${rules}/deployment.ts`, 'if (provenMs === null || nowMs - provenMs > horizonS * 1_000) return', 'if (provenMs === null) return'],
    ['deploy-by-hand-taken-for-a-return', `${rules}/deployment.ts`, 'const wentBack = !hold && ', 'const wentBack = '],
  ]),
  ...caughtBy([`${rules}/gate.test.ts`], [
    ['one-proven-is-success', `${rules}/gate.ts`, 'const enough = proven > 0 && percentOf(proven, present) >= gate.successPercent;', 'const enough = proven > 0;'],
    ['absent-device-counts-as-present', `${rules}/gate.ts`, 'counted - absent]', 'counted]'],
    ['gate-fails-at-the-first-failure', `${rules}/gate.ts`, 'finished >= gate.failureSampleMin && ', ''],
    ['wave-without-devices-passes', `${rules}/gate.ts`, 'if (counted === 0) return', 'if (counted < 0) return'],
  ]),
  ...caughtBy([`${rules}/progress.test.ts`], [
    ['broken-wave-stays-passed', `${rules}/progress.ts`, 'if (broken.length > 0) return reopen(broken);', ''],
    ['wave-opens-without-its-person', `${rules}/progress.ts`, "return before?.plan.advance === 'manual' ? undefined : {", 'return {'],
    ['waves-behind-a-broken-one-served', `${rules}/progress.ts`, "waves.find(({ state }) => state !== 'passed');", "waves.find(({ state }) => state === 'pending');"],
    ['override-forgives-for-ever', `${rules}/progress.ts`, 'return badSinceOverride === undefined || badSinceOverride > 0;', 'return badSinceOverride === undefined;'],
  ]),
  ...caughtBy([`${rules}/times.test.ts`], [
    ['soak-counts-against-the-deadline', `${rules}/times.ts`, 'return nowMs + (soakS + deadlineS) * 1_000;', 'return nowMs + deadlineS * 1_000;'],
    ['silent-device-offered-without-pause', `${rules}/times.ts`, 'retryFirstMs * 2 ** Math.min(Math.max(offers - 1, 0), 10)', 'retryFirstMs'],
  ]),
  ...caughtBy([`${rules}/verbs.test.ts`], [['maker-approves-alone', `${rules}/verbs.ts`, 'if (byAnother && actor === rollout.createdBy) return', "if (byAnother && actor === '') return"]]),
  ...caughtBy([`${rollout}/engine.test.ts`], [
    ['gate-passes', `${rollout}/offer.ts`, 'filter(({ consent }) => consent.ok)', 'filter(({ consent }) => consent !== undefined)'],
    ['rejected-release-offered', `${rollout}/serve.ts`, "if (release.state === 'verified') {", "if (release.state !== '') {"],
    ['goes-back-to-an-unverified-release', `${rollout}/store.ts`, "inArray(release.digest, [...new Set(digests)]), eq(release.state, 'verified'))", 'inArray(release.digest, [...new Set(digests)]))'],
    ['deadline-never-passes', `${rollout}/store.ts`, 'lt(deployment.deadlineAt, new Date(nowMs))', 'lt(deployment.deadlineAt, new Date(0))'],
  ]),
  ...caughtBy([`${rollout}/waves.test.ts`], [
    ['cap-not-counted', `${rollout}/offer.ts`, 'rollout.maxInFlight - (await inFlightCount(tx, rollout.id))', 'rollout.maxInFlight'],
    ['held-device-offered', `${rollout}/waiting.ts`, "'hold' is not null then", "'hold' is not null and false then"],
    ['device-of-a-person-offered', `${rollout}/waiting.ts`, 'when ${assignment.byHand} then', 'when false then'],
    ['newcomer-joins-the-first-wave', `${rollout}/join.ts`, '.at(-1)?.n ?? 1;', '.at(0)?.n ?? 1;'],
  ]),
  ...caughtBy([`${rollout}/acts.test.ts`], [
    ['old-revision-decides', `${rollout}/acts.ts`, 'if (ifMatch !== undefined && ifMatch !== revision) {', 'if (ifMatch !== undefined && revision < 0) {'],
    ['taken-over-device-retried', `${rollout}/facts.ts`, 'and newer.rollout_id > ${id} and ${hasBegun(', 'and false and ${hasBegun('],
    ['device-of-a-person-retried', `${rollout}/facts.ts`, 'and ${assignment.byHand})', 'and false)'],
    ['pause-leaves-offers-out', `${rollout}/close.ts`, "await shut(turn, ['paused', 'aborting']);", ''],
  ]),
  ...caughtBy([`${rollout}/go-back.test.ts`], [
    ['first-wave-goes-back-first', `${rollout}/go-back.ts`, 'import { and, eq, inArray, max }', 'import { and, eq, inArray, min as max }'],
    ['cap-not-counted-on-the-way-back', `${rollout}/go-back.ts`, 'Math.min(batchMax, rollout.maxInFlight - (await inFlightCount(tx, rollout.id)))', 'batchMax'],
    ['retry-forgets-the-way-back', `${rollout}/offer.ts`, 'again.has(from.deviceId) ? from.fromDigest : wayBack(', 'wayBack('],
    ['taken-over-device-sent-back', `${rollout}/go-back.ts`, 'if (!ours) return', 'if (byHand) return'],
    ['device-of-a-person-sent-back', `${rollout}/go-back.ts`, 'if (byHand) return', 'if (byHand && !ours && byHand) return'],
  ]),
  ...caughtBy([`${rules}/fall-back.test.ts`], [
    ['sent-back-to-what-is-rolled-back', `${rules}/fall-back.ts`, 'return before === undefined || before.digest === offered ? null : before.digest;', 'return before === undefined ? null : before.digest;'],
    ['the-good-one-before-forgotten', `${rules}/fall-back.ts`, 'const before = lastGood?.digest === offered ? previousGood : lastGood;', 'const before = lastGood;'],
    ['failed-release-falls-back-to-itself', `${rules}/fall-back.ts`, 'const before = lastGood?.digest === offered ? previousGood?.digest : lastGood?.digest;', 'const before = lastGood?.digest;'],
  ]),
  ...caughtBy([`${plan}/waves.test.ts`], [
    ['waves-overlap', `${plan}/waves.ts`, 'left = left.filter((one) => !gone.has(one));', ''],
    ['share-of-what-is-left', `${plan}/waves.ts`, 'left.slice(0, countOf(plan, devices.length))', 'left.slice(0, countOf(plan, left.length))'],
    ['rest-forgotten', `${plan}/waves.ts`, 'if (left.length > 0) waves.push(', 'if (left.length < 0) waves.push('],
  ]),
  ...caughtBy([`${plan}/create.test.ts`], [
    ['rollout-of-a-rejected-release', `${plan}/plan.ts`, "if (state === 'verified') return;", 'if (state !== undefined) return;'],
    ['second-person-not-asked', `${plan}/plan.ts`, 'if (above !== undefined && taken.length > above) return', 'if (above !== undefined && taken.length < 0) return'],
    ['busy-device-not-foretold', `${plan}/plan.ts`, "if (one.busyWith !== null) return worded('device.busy');", ''],
  ]),
  ...caughtBy([`${plan}/forecast.test.ts`], [
    ['bytes-of-what-is-there-counted', `${plan}/forecast.ts`, 'taken.filter((one) => !one.hasArtifact).length', 'taken.length'],
    ['forecast-takes-devices-of-persons', `${plan}/store.ts`, 'byHand: byHand ?? false,', 'byHand: false,'],
  ]),
];

/** Faults in devices: whose word counts, what they are told, and what may be bound on them. */
const deviceFaults: readonly NamedFault[] = [
  ...caughtBy([`${uplink}/ingest.test.ts`], [
    ['message-for-another-device-taken', `${uplink}/read.ts`, "from.kind !== 'device' || from.device !== device.data)", "from.kind !== 'device')"],
    ['former-life-heard', `${uplink}/take.ts`, "standing?.state === 'active' && standing.generation === order.gen", "standing?.state === 'active'"],
    ['revoked-device-heard', `${uplink}/take.ts`, "standing?.state === 'active' && standing.generation", 'standing?.generation'],
    ['order-ignored', `${uplink}/store.ts`, '(s.gen, s.boot, s.seq) < (excluded.gen, excluded.boot, excluded.seq)', 'true'],
    ['late-heartbeat-counts', `${uplink}/store.ts`, '(l.gen, l.boot, l.seq) < (excluded.gen, excluded.boot, excluded.seq)', 'true'],
    ['late-will-counts', `${uplink}/store.ts`, 'where l.conn = u.conn or (l.gen, l.boot, l.seq) < (u.gen, u.boot, u.seq)', 'where true'],
  ]),
  ...caughtBy([`${uplink}/batch.test.ts`], [
    ['heartbeat-of-an-ended-connection', `${uplink}/store.ts`, '!hasEnded(id, value.conn)', 'true'],
    ['one-bad-message-costs-the-batch', `${uplink}/apart.ts`, 'if (items.length === 1 || on.whole(error)) {', 'if (items.length > 0) {'],
  ]),
  ...caughtBy([`${device}/rules.test.ts`], [
    ['rev-below-the-device', `${device}/rules.ts`, 'Math.max(previous + 1, reported < reportedMax ? reported + 1 : 0, nowMs)', 'Math.max(previous + 1, nowMs)'],
    ['attempt-used-twice', `${device}/rules.ts`, 'return Math.max(previous, reported < reportedMax ? reported : 0) + 1;', 'return previous + 1;'],
    ["other's-document-left-there", `${device}/rules.ts`, "return ours.rev === 0 || held.desired === ours.hash ? 'nothing' : 'render';", "return 'nothing';"],
    ['one-output-two-apps', `${device}/rules.ts`, 'return drives && a.chip === b.chip', 'return !drives && a.chip === b.chip'],
    ['reserved-line-bound', `${device}/rules.ts`, 'if (found.reserved !== undefined) return', "if (found.reserved === '') return"],
    ['one-port-two-apps', `${device}/rules.ts`, 'other.binding.path === path)', "other.binding.path === '')"],
    ['reserved-port-bound', `${device}/rules.ts`, 'if (reservedPorts(profile).includes(path)) return', "if (path === '') return"],
  ]),
  ...caughtBy([`${device}/publisher.test.ts`], [
    ['outbox-forgets-what-was-not-sent', `${device}/publisher.ts`, 'if (done.length > 0) await tx.delete(outbox).where(sql`${outbox.id} = any(${sql.param(done)}::bigint[])`);', 'await tx.delete(outbox);'],
    ['topic-out-of-order', `${device}/publisher.ts`, 'for (const topic of unfinished) run.stuck.add(topic);', ''],
  ]),
  ...caughtBy(['manager/src/selector/where.test.ts'], [
    ['database-drops-not', 'manager/src/selector/where.ts', 'return not(whereSelector(selector.part));', 'return whereSelector(selector.part);'],
    ['unset-tag-is-null', 'manager/src/selector/where.ts', '${device.tags} @> ${JSON.stringify({ [key.name]: value })}::jsonb', '${device.tags} ->> ${key.name}::text = ${value}'],
  ]),
];

/** Faults in what people see of the fleet: reasons, logs, samples. */
const viewFaults: readonly NamedFault[] = [
  ...caughtBy([`${why}/rules.test.ts`], [
    ['reasons-in-another-order', `${why}/rules.ts`, 'for (const { look } of chain) {', 'for (const { look } of chain.toReversed()) {'],
    ['checks-go-on-after-the-answer', `${why}/rules.ts`, "if (answer !== undefined) return { check, verdict: 'not_reached', evidence: '' };", ''],
  ]),
  ...caughtBy([`${why}/why.test.ts`], [
    ['reasons-do-not-add-up', `${why}/why.ts`, 'count: those.length, devices', 'count: Math.min(those.length, 1), devices'],
    ['proven-not-in-the-total', `${why}/why.ts`, 'total: one.proven + rows.length', 'total: rows.length'],
  ]),
  ...caughtBy([`${telemetry}/budget.test.ts`], [['samples-without-limit', `${telemetry}/budget.ts`, 'return Math.min(samples, Math.floor(held ? this.#tokensOf(held) : burst));', 'return held === undefined ? samples : samples;']]),
  ...caughtBy([`${telemetry}/leases.test.ts`], [['lease-not-said-again', `${telemetry}/leases.ts`, 'if (saidAtMs !== undefined && nowMs - saidAtMs < renewMs) return;', 'if (saidAtMs !== undefined) return;']]),
  ...caughtBy([`${telemetry}/log-rings.test.ts`], [['line-shown-twice', `${telemetry}/log-rings.ts`, 'if (ring.keys.has(key) || (', 'if ((']]),
  ...caughtBy([`${telemetry}/telemetry.test.ts`], [['revoked-device-asked-for-logs', `${telemetry}/routes.ts`, "if (state === 'active') await leases.renew('logLease'", "await leases.renew('logLease'"]]),
];

export const fleetFaults: readonly NamedFault[] = [...rolloutFaults, ...deviceFaults, ...viewFaults];
