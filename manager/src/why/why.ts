import { Asks, Bindings, capabilityKinds } from '@pier/shared/capability';
import { type DeploymentState, type Why, type WhyCode, type WhyCounts, whyReasons } from '@pier/shared/api';
import { AppName, type Clock, type DeviceId, Fault, type Refusal, invariant } from '@pier/shared/core';
import { matches } from '@pier/shared/selector';
import { parseReference, policyNameOf } from '@pier/shared/oci';
import { type TrustPolicy, scopeOf } from '@pier/shared/signing';
import type { Db } from '../db/index.ts';
import { consentTo } from '../rollout/index.ts';
import type { Consent, WhyFacts } from './facts.ts';
import {
  type DeploymentRow, type DeviceSide, type ReleaseRow, type RolloutOf, type Selecting,
  boardsOf, deploymentFacts, deviceSides, isKnownApp, newestDeployments, newestSelecting, releasesOf, rolloutsOf, unprovenOf, wantedOf,
} from './read.ts';
import { answerOf, filled, whyOf } from './rules.ts';

export type WhyDeps = { readonly db: Db; readonly clock: Clock; readonly policies: { policyInForce(): Promise<{ readonly policy: TrustPolicy } | undefined> } };

/** Both answers look at one moment: what is counted and what is explained must be the same rows. */
async function atOneMoment<T>(db: Db, read: (tx: Db) => Promise<T>): Promise<T> {
  return db.transaction(async (tx) => read(tx), { isolationLevel: 'repeatable read', accessMode: 'read only' });
}

/**
 * Why each of these devices does not run what is wanted: of every app that is wanted of it, or of the one named.
 * In a constant number of statements. Faults: `app-unknown` for an app that nobody has heard of. Devices that there are not are left out.
 */
export async function whyOfDevices(deps: WhyDeps, devices: readonly DeviceId[], app?: AppName): Promise<ReadonlyMap<DeviceId, readonly Why[]>> {
  const policy = (await deps.policies.policyInForce())?.policy;
  const nowMs = deps.clock.nowMs();
  return atOneMoment(deps.db, async (tx) => {
    const sides = await deviceSides(tx, devices, app);
    const heardOf = app === undefined || sides.size === 0 || [...sides.values()].some(({ reported }) => reported.has(app)) || (await isKnownApp(tx, app));
    if (!heardOf) throw new Fault('app-unknown', `there is no app "${app}": no release has that name, nobody assigned it, and the device does not have it`);
    const newest = new Map((await newestDeployments(tx, devices, app)).map((row) => [`${row.deviceId}/${row.app}`, row]));
    const subjects = [...sides].flatMap(([id, side]) => appsOf(side, newest, app).map((name) => subjectOf(side, name, newest.get(`${id}/${name}`))));
    const rollouts = await rolloutsOf(tx, [...new Set(subjects.flatMap(({ row }) => (row ? [row.rolloutId] : [])))]);
    const releases = await releasesOf(tx, [...new Set(subjects.flatMap(({ releaseId }) => (releaseId === null ? [] : [releaseId])))]);
    const selecting = await newestSelecting(tx, [...new Set(subjects.flatMap(({ app: name, row }) => (row ? [] : [name])))]);
    const consents = consentsOf(policy, await boardsOf(tx, devices));
    const answers = subjects.map((subject) => whyOf(factsOf(subject, { nowMs, rollouts, releases, consents, selecting })));
    return new Map([...sides.values()].map(({ device }) => [device.id, answers.filter((one) => one.device === device.id)]));
  });
}

/** What one answer is about; `row` is its deployment, unless the assignment alone counts; `releaseId` is what is assigned. */
type Subject = { readonly side: DeviceSide; readonly app: AppName; readonly row: DeploymentRow | undefined; readonly releaseId: string | null };

function appsOf(side: DeviceSide, newest: ReadonlyMap<string, DeploymentRow>, app: AppName | undefined): AppName[] {
  if (app !== undefined) return [app];
  const assigned = [...side.assigned].filter(([, { releaseId }]) => releaseId !== null).map(([name]) => name);
  const targeted = [...newest.values()].filter(({ deviceId }) => deviceId === side.device.id).map((row) => row.app);
  return [...new Set([...assigned, ...targeted])].sort().map((name) => AppName.parse(name));
}

/** On their way back, back, or not come back. */
const goingBack: ReadonlySet<string> = new Set(['rolling_back', 'rolled_back', 'rollback_failed'] satisfies DeploymentState[]);

/** The newest rollout counts, unless a person's assignment came after it; what still waits there is held up by that assignment. */
function subjectOf(side: DeviceSide, app: AppName, newest: DeploymentRow | undefined): Subject {
  const assigned = side.assigned.get(app);
  const overruled = newest === undefined || newest.state === 'superseded' || (assigned?.facts.byHand === true && newest.state !== 'waiting');
  return { side, app, row: overruled ? undefined : newest, releaseId: assigned?.releaseId ?? null };
}

type Known = { readonly nowMs: number; readonly rollouts: ReadonlyMap<string, RolloutOf>; readonly releases: ReadonlyMap<string, ReleaseRow>; readonly consents: Consents; readonly selecting?: ReadonlyMap<string, Selecting> };

function factsOf({ side, app, row, releaseId }: Subject, { nowMs, rollouts, releases, consents, selecting }: Known): WhyFacts {
  const of = row && rollouts.get(row.rolloutId);
  const release = of && row && !isTakenBack(row, of) ? of.release : releases.get(releaseId ?? '');
  const workedOnBy = side.workedOnBy.get(app);
  return {
    nowMs,
    device: side.device,
    app,
    wanted: release && wantedOf(release),
    rollout: row && of && { facts: of.facts, deployment: deploymentFacts(row), busyWith: workedOnBy === undefined || workedOnBy === row.rolloutId ? null : workedOnBy },
    assignment: side.assigned.get(app)?.facts,
    leftOutOf: row ? undefined : leftOutOf(side, app, selecting?.get(app)),
    reported: side.reported.get(app),
    desiredRefused: side.desiredRefused,
    consent: consents(side, app, release),
  };
}

/** What the roll back assigned is wanted of the device then, or what it had where the roll back came before the rollout: not what was taken away. */
function isTakenBack({ state }: DeploymentRow, { facts }: RolloutOf): boolean {
  return goingBack.has(state) || (state === 'cancelled' && goingBack.has(facts.state));
}

function leftOutOf({ assigned, seen }: DeviceSide, app: AppName, newest: Selecting | undefined): WhyFacts['leftOutOf'] {
  const own = assigned.get(app);
  if (!own?.facts.byHand || !newest || newest.createdMs <= own.facts.sinceMs || newest.releaseId === own.releaseId || !matches(newest.selector, seen)) return undefined;
  return { rollout: newest.id, version: newest.version };
}

type Consents = (side: DeviceSide, app: AppName, release: ReleaseRow | undefined) => Consent;

/** Consent is the same for the same board, bindings and release, so a fleet of ten thousand asks for it a few times. */
function consentsOf(policy: TrustPolicy | undefined, { profiles, placeOf }: Awaited<ReturnType<typeof boardsOf>>): Consents {
  const judged = new Map<string, Refusal | undefined>();
  return (side, app, release) => {
    const asks = (): Asks | undefined => release && Asks.parse(release.asks);
    const bindings = (): Bindings => Bindings.parse(side.bindings.get(app) ?? {});
    return {
      asks,
      bindings,
      withheld: () => {
        const scope = policy && release && scopeOf(policy, policyNameOf(parseReference(release.repository)));
        const needed = asks();
        return scope && needed ? capabilityKinds.filter((kind) => !scope.capabilities.includes(kind) && needed[kind].some(({ optional }) => !optional)) : [];
      },
      uncovered: () => {
        if (!release) return undefined;
        if (!policy) return { code: 'scope-unmatched', reason: 'there is no trust policy, so none of its scopes covers the release' };
        const place = placeOf.get(side.device.id) ?? -1;
        const key = `${release.id} ${place} ${JSON.stringify(side.bindings.get(app) ?? {})}`;
        if (!judged.has(key)) {
          const verdict = consentTo({ release, bindings: bindings(), profile: profiles[place], policy });
          judged.set(key, verdict.ok ? undefined : verdict.refusal);
        }
        return judged.get(key);
      },
    };
  };
}

const namedMax = 10;

/** A rollout's devices that are not proven, by reason: each is classified once, so that the counts add up to total less proven. */
export async function whyOfRollout(deps: WhyDeps, id: string): Promise<WhyCounts> {
  const policy = (await deps.policies.policyInForce())?.policy;
  const nowMs = deps.clock.nowMs();
  return atOneMoment(deps.db, async (tx) => {
    // The text of an id comes from outside, and PostgreSQL's text takes no NUL.
    const rollouts = await rolloutsOf(tx, id.includes('\0') ? [] : [id]);
    const one = rollouts.get(id);
    if (!one) throw new Fault('not-found', `there is no rollout "${id.slice(0, 64)}"`);
    const app = AppName.parse(one.release.app);
    const rows = await unprovenOf(tx, id);
    const ids = rows.map(({ deviceId }) => deviceId);
    const sides = await deviceSides(tx, ids, app);
    const waiting = rows.filter(({ state }) => state === 'waiting').map(({ deviceId }) => deviceId);
    const known: Known = { nowMs, rollouts, releases: new Map(), consents: consentsOf(policy, await boardsOf(tx, waiting)) };
    const answers = rows.map((row) => {
      const side = sides.get(row.deviceId);
      invariant(side, `deployment of ${row.deviceId} without its device`);
      return { device: side.device.id, code: answerOf(factsOf({ side, app, row, releaseId: null }, known)).code };
    });
    const names = { device: '<device>', app, rollout: id, release: one.release.id };
    return { total: one.proven + rows.length, proven: one.proven, reasons: grouped(answers, names) };
  });
}

function grouped(answers: readonly { readonly device: DeviceId; readonly code: WhyCode }[], names: Parameters<typeof filled>[1]): WhyCounts['reasons'] {
  return [...Map.groupBy(answers, ({ code }) => code)]
    .map(([code, those]) => ({ code, sentence: whyReasons[code].sentence, remedy: filled(whyReasons[code].remedy, names), count: those.length, devices: those.slice(0, namedMax).map(({ device }) => device) }))
    .toSorted((a, b) => b.count - a.count || a.code.localeCompare(b.code));
}
