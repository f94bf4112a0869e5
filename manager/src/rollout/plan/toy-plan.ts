/** A manager's database with devices and releases for tests of plans: many devices at once, without brokers and agents. */
import { AppName, type Clock, Digest, Fault, Version, isoTime, systemClock } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { type Release, RolloutPlan } from '@pier/shared/api';
import { Asks, Limits } from '@pier/shared/capability';
import { TrustPolicy, generateKeyPair } from '@pier/shared/signing';
import { seeded } from '../../../../shared/src/selector/toy-selectors.ts';
import { type Db, assignment, binding, deployment, device, deviceLive, deviceState, release, rollout, wave } from '../../db/index.ts';
import type { RolloutDeps } from '../create.ts';

const profile = { model: 'Raspberry Pi 5', onRelease: 'input', serial: [], chips: [{ label: 'pinctrl-rp1', lines: Array.from({ length: 28 }, (_, line) => ({ line, name: `GPIO${line}` })) }] };
export const bound = { led: { kind: 'gpio' as const, chip: 'pinctrl-rp1', line: 17, modes: ['out' as const] } };

export type ToyDevice = { readonly id: string; readonly tags?: Record<string, string>; readonly state?: string; readonly online?: boolean; readonly bindings?: object | null; readonly said?: object; readonly byHand?: boolean };

export function planWorld(db: Db) {
  const keys = { root: generateKeyPair(), release: generateKeyPair(), scheduler: generateKeyPair() };
  const trust: { policy: TrustPolicy | undefined } = { policy: policyOf(keys) };
  const known = new Map<string, Release>();
  const clock: Clock = systemClock;
  const woken = { count: 0 };
  const deps: RolloutDeps = {
    db,
    clock,
    random: seeded(5),
    schedulerPem: keys.scheduler.privatePem,
    releases: { get: async (id) => known.get(id) },
    policies: { policyInForce: async () => trust.policy && { policy: trust.policy } },
    wake: () => void (woken.count += 1),
  };
  return {
    db, deps, trust, woken,
    addRelease: async (of: Partial<Pick<Release, 'app' | 'state' | 'repository'>> = {}) => {
      const one = releaseOf(known.size + 1, of);
      known.set(one.id, one);
      await db.insert(release).values({ ...one, signedBy: { ids: [] }, createdBy: 'dev', createdAt: new Date(one.createdAt), reasonCode: one.reason?.code, reasonText: one.reason?.reason });
      return one;
    },
    /** One statement a table for up to a thousand devices. */
    addDevices: async (devices: readonly ToyDevice[]) => {
      for (let at = 0; at < devices.length; at += 1_000) {
        const some = devices.slice(at, at + 1_000);
        await db.insert(device).values(some.map(({ id, tags = {}, state = 'active' }) => ({ id, name: `board ${id}`, model: 'pi-5', profile, tags, state, keyId: id })));
        await db.insert(deviceLive).values(some.map(({ id, online = true }) => ({ deviceId: id, online, conn: 'c', agent: '0', gen: 1, boot: 1, seq: 1, rev: 0, lastSeenAt: new Date(clock.nowMs()) })));
        await db.insert(deviceState).values(some.map(({ id, said }) => ({ deviceId: id, ...(said ? { reported: { apps: { blink: said } } } : {}) })));
        const [withBindings, held] = [some.filter(({ bindings }) => bindings !== null), some.filter(({ byHand }) => byHand)];
        if (withBindings.length > 0) await db.insert(binding).values(withBindings.map(({ id, bindings = bound }) => ({ deviceId: id, app: 'blink', bindings: { ...bindings }, setBy: 'ada' })));
        if (held.length > 0) await db.insert(assignment).values(held.map(({ id }) => ({ deviceId: id, app: 'blink', attempt: 3, soakS: 1, setBy: 'bob', byHand: true })));
      }
    },
    /** An older rollout as it may be found, with one deployment a device. */
    addRollout: async (id: string, of: { release: Release; state: string; deployments: Record<string, string> }) => {
      const { release: { id: releaseId, app }, state } = of;
      await db.insert(rollout).values({ id, name: id, releaseId, app, state, cause: state === 'paused' ? 'operator' : null, mode: 'static', soakS: 1, deadlineS: 60, maxInFlight: 500, onFailure: 'pause', horizonS: 60, createdBy: 'old' });
      await db.insert(wave).values({ rolloutId: id, n: 1, state: 'active', plan: {}, openedAt: state === 'awaiting_approval' ? null : new Date(clock.nowMs()) });
      await db.insert(deployment).values(Object.entries(of.deployments).map(([deviceId, one]) => ({ rolloutId: id, deviceId, app, wave: 1, state: one, attempt: one === 'waiting' ? null : 1, deadlineAt: ['waiting', 'proven', 'failed'].includes(one) ? null : new Date(clock.nowMs() + 60_000) })));
    },
  };
}

function policyOf({ root, release: signer, scheduler }: Record<'root' | 'release' | 'scheduler', ReturnType<typeof generateKeyPair>>): TrustPolicy {
  return TrustPolicy.parse({
    number: 7,
    root: { id: root.id, pem: root.publicPem },
    keys: [
      { id: signer.id, name: 'developer', role: 'release', pem: signer.publicPem },
      { id: scheduler.id, name: 'manager', role: 'scheduler', pem: scheduler.publicPem },
    ],
    scopes: [{ prefix: 'manager/apps', keys: [signer.id] }],
    bindings: 'manager',
    permits: 'optional',
    unsignedCommands: 'readOnly',
  });
}

function releaseOf(n: number, { app = AppName.parse('blink'), state = 'verified', repository = 'apps/blink' }: Partial<Pick<Release, 'app' | 'state' | 'repository'>>): Release {
  return {
    id: `rel-${n}`, app, version: Version.parse(`1.0.${n}`), counter: n, repository, digest: Digest.parse(digestOf(`artifact ${n}`)), sizeBytes: 1_000,
    asks: Asks.parse({ gpio: [{ label: 'led', mode: 'out', safe: 'inactive' }] }), limits: Limits.parse({}), permissions: [],
    state, reason: state === 'verified' ? null : { code: 'unsigned', reason: 'nobody signed it' }, signedBy: [], createdAt: isoTime(0),
  };
}

export function planOf(of: Record<string, unknown>): RolloutPlan {
  return RolloutPlan.parse({ soakS: 1, ...of });
}

/** What an act that must fail failed with. */
export async function faultOf(act: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await act;
  } catch (thrown) {
    if (thrown instanceof Fault) return { code: thrown.code, message: thrown.message };
    throw thrown;
  }
  throw new Error('it was not refused');
}
