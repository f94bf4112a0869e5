import { Fault } from '@pier/shared/core';
import { type RolloutPlan, type WhyCode, whyReasons } from '@pier/shared/api';
import type { Selectable } from '@pier/shared/selector';

/** What is known of a device that a plan selects, as far as a rollout of one app is concerned. */
export type Candidate = Selectable & {
  readonly state: string;
  /** A person assigned the app here. */
  readonly byHand: boolean;
  /** The rollout of the app that is at work here, or will be: it rolls back and has not come to this device. */
  readonly busyWith: string | null;
  /** Stopped or deployed to something else at the device itself. */
  readonly hold: string | null;
  /** Whether the device runs the artifact, or keeps it as its last good one. */
  readonly hasArtifact: boolean;
  readonly bindings: Record<string, unknown> | null;
  /** The same for devices of the same profile. */
  readonly profileKey: string;
};

export type Group = { readonly code: string; readonly sentence: string; readonly count: number; readonly devices: readonly string[] };

export type Picked<C extends Candidate> = {
  /** In the order of their ids. */
  readonly taken: readonly C[];
  /** Selected, but never part of it. */
  readonly leftOut: readonly Group[];
};

const namedMax = 10;

/**
 * Which of the selected devices a rollout takes: the active ones that no person holds. Those that another rollout of the app is
 * at work on wait until it is done there.
 * Devices that were listed one by one are taken or refused, never left out silently.
 * Faults: `not-found` and `conflict` naming listed devices, `selection-empty` when nothing matches.
 */
export function pickDevices<C extends Candidate>(selected: readonly C[], plan: Pick<RolloutPlan, 'selector' | 'devices'>): Picked<C> {
  const devices = selected.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  if (plan.devices) refuseUnfit(devices, plan.devices);
  if (devices.length === 0) throw new Fault('selection-empty', `the selector ${JSON.stringify(plan.selector ?? '')} matches no device`);
  const reasons = new Map(devices.map((one) => [one, leftOutOf(one)] as const));
  const leftOut = groupsOf(devices.flatMap((one) => {
    const code = reasons.get(one);
    return code ? [{ id: one.id, code, sentence: whyReasons[code].sentence }] : [];
  }));
  const picked = { taken: devices.filter((one) => !reasons.get(one)), leftOut };
  if (picked.taken.length === 0) throw new Fault('selection-empty', `the selector ${JSON.stringify(plan.selector ?? '')} matches ${devices.length} devices, none of which a rollout may take: ${leftOut.map(({ count, code }) => `${count} ${code}`).join(', ')}`);
  return picked;
}

function leftOutOf({ state, byHand }: Candidate): WhyCode | undefined {
  if (state !== 'active') return state === 'pending' ? 'device.pending' : 'device.revoked';
  return byHand ? 'assigned.by-hand' : undefined;
}

function refuseUnfit(devices: readonly Candidate[], listed: readonly string[]): void {
  const known = new Set(devices.map((one) => one.id));
  const unknown = [...new Set(listed)].filter((id) => !known.has(id));
  if (unknown.length > 0) throw new Fault('not-found', `there is no device ${listOf(unknown)}`, { devices: unknown.slice(0, namedMax) });
  const inactive = devices.filter(({ state }) => state !== 'active');
  if (inactive.length > 0) throw new Fault('conflict', `not active: device ${listOf(inactive.map(({ id }) => id), inactive.map(({ state }) => state))}`);
  const held = devices.filter(({ byHand }) => byHand).map(({ id }) => id);
  if (held.length > 0) throw new Fault('conflict', `a person assigned this app by hand on device ${listOf(held)}; give it back to the rollouts first`);
}

/** Devices by reason, those of most devices first. */
export function groupsOf(reasons: readonly { readonly id: string; readonly code: string; readonly sentence: string }[]): Group[] {
  const groups = new Map<string, { code: string; sentence: string; ids: string[] }>();
  for (const { id, code, sentence } of reasons) {
    const key = `${code} ${sentence}`;
    const group = groups.get(key) ?? { code, sentence, ids: [] };
    group.ids.push(id);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ code, sentence, ids }) => ({ code, sentence, count: ids.length, devices: ids.slice(0, namedMax) })).toSorted((a, b) => b.count - a.count);
}

function listOf(names: readonly string[], remarks: readonly string[] = []): string {
  const shown = names.slice(0, namedMax).map((name, index) => `"${name}"${remarks[index] === undefined ? '' : ` (${remarks[index]})`}`).join(', ');
  return names.length > namedMax ? `${shown} and ${names.length - namedMax} more` : shown;
}
