import { type Clock, type DeviceId, type Random, Fault } from '@pier/shared/core';
import { InFlightState, type Release } from '@pier/shared/api';
import { inArray } from 'drizzle-orm';
import { type Db, deployment, device, inTransaction, newId, rollout, storeAudit, wave } from '../db/index.ts';
import { lockDevices } from '../device/index.ts';
import { openOn, storeMoves } from './store.ts';

export type RolloutDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: Random;
  readonly releases: { get(id: string): Promise<Release | undefined> };
  readonly wake: () => void;
};

export type Wanted = { readonly release: string; readonly devices: readonly DeviceId[]; readonly soakS: number; readonly deadlineS: number };

const rowsMax = 1_000;
const namedMax = 10;

/**
 * Starts a rollout of one wave; a device named twice is one device. A newer rollout of an app takes over devices that still
 * wait in an older one; devices at work in an older one are not torn out of it.
 * Out: its id. Faults: `not-found` naming what there is not, `release-unverified` saying why, `conflict` naming the other rollout.
 */
export async function createRollout({ db, clock, random, releases, wake }: RolloutDeps, wanted: Wanted, actor: string): Promise<string> {
  const release = await releases.get(wanted.release);
  if (!release) throw new Fault('not-found', `there is no release "${wanted.release}"`);
  if (release.state !== 'verified') throw new Fault('release-unverified', `release ${release.app} ${release.version} is ${release.state}${release.reason ? `: ${release.reason.reason} (${release.reason.code})` : ''}`);
  const devices = [...new Set(wanted.devices)].sort();
  const id = newId({ prefix: 'rollout', clock, random });
  const nowMs = clock.nowMs();
  await inTransaction(db, async (tx) => {
    await lockDevices(tx, devices);
    await checkDevices(tx, devices);
    const superseded = await takeOver(tx, { id, devices, app: release.app, actor, nowMs });
    const { soakS, deadlineS } = wanted;
    await tx.insert(rollout).values({ id, releaseId: release.id, app: release.app, state: 'running', soakS, deadlineS, nextTickAt: new Date(nowMs), createdBy: actor, createdAt: new Date(nowMs) });
    await tx.insert(wave).values({ rolloutId: id, n: 1, state: 'active', total: devices.length });
    for (let at = 0; at < devices.length; at += rowsMax) {
      await tx.insert(deployment).values(devices.slice(at, at + rowsMax).map((deviceId) => ({ rolloutId: id, deviceId, app: release.app, wave: 1, state: 'waiting', updatedAt: new Date(nowMs) })));
    }
    await storeAudit(tx, [{ actor, action: 'rollout.created', object: `rollout:${id}`, detail: { release: release.id, digest: release.digest, devices: devices.length, superseded, soakS, deadlineS } }], nowMs);
  });
  wake();
  return id;
}

async function checkDevices(tx: Db, devices: readonly DeviceId[]): Promise<void> {
  const rows = await tx.select({ id: device.id, state: device.state }).from(device).where(inArray(device.id, [...devices]));
  const states = new Map(rows.map((row) => [row.id, row.state]));
  const unknown = devices.filter((one) => !states.has(one));
  if (unknown.length > 0) throw new Fault('not-found', `there is no device ${listOf(unknown)}`);
  const inactive = devices.filter((one) => states.get(one) !== 'active');
  if (inactive.length > 0) throw new Fault('conflict', `not active: device ${listOf(inactive)}`);
}

/** Out: how many deployments of older rollouts gave way. */
async function takeOver(tx: Db, { id, devices, app, actor, nowMs }: { id: string; devices: readonly DeviceId[]; app: string; actor: string; nowMs: number }): Promise<number> {
  const open = await openOn(tx, devices, app);
  const busy = open.filter((row) => InFlightState.safeParse(row.state).success);
  if (busy.length > 0) {
    const rollouts = [...new Set(busy.map((row) => row.rolloutId))];
    throw new Fault('conflict', `rollout ${listOf(rollouts)} of app ${app} is at work on device ${listOf(busy.map((row) => row.deviceId))}; wait until it is done there`);
  }
  const reason = { code: 'superseded', reason: `the newer rollout ${id} took over this device` };
  await storeMoves(tx, open.map((from) => ({ from, to: 'superseded' as const, attempt: null, reason, deadlineAt: null, actor })), nowMs);
  return open.length;
}

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, namedMax).map((name) => `"${name}"`).join(', ');
  return names.length > namedMax ? `${shown} and ${names.length - namedMax} more` : shown;
}
