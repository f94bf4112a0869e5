import { type Release, type RolloutPlan, type WhyCode, whyReasons } from '@pier/shared/api';
import { type Verdict, Fault } from '@pier/shared/core';
import { Bindings } from '@pier/shared/capability';
import type { TrustPolicy } from '@pier/shared/signing';
import type { Reason } from '@pier/shared/wire';
import { consentTo } from '../consent.ts';
import { approvalCodes, reasonToWait } from '../rules/index.ts';
import { type Candidate, type Group, type Picked, groupsOf, pickDevices } from './pick.ts';
import { type Sliced, sliceWaves } from './waves.ts';

export type Selected = {
  readonly plan: RolloutPlan;
  readonly release: Release;
  readonly policy: TrustPolicy;
  readonly candidates: readonly Candidate[];
  /** Profiles by their key. */
  readonly profiles: ReadonlyMap<string, unknown>;
};

export type Planned = Picked<Candidate> & {
  readonly waves: readonly Sliced[];
  /** Set when the rollout has to wait for a person before it begins. */
  readonly approval: Reason | null;
};

/** Faults of a release that may not be rolled out: `release-withdrawn`, `release-unverified`. */
export function checkRelease({ app, version, state, reason }: Pick<Release, 'reason'> & { readonly app: string; readonly version: string; readonly state: string }): void {
  if (state === 'verified') return;
  const why = reason ? `: ${reason.reason} (${reason.code})` : '';
  throw new Fault(state === 'withdrawn' ? 'release-withdrawn' : 'release-unverified', `release ${app} ${version} is ${state}${why}`);
}

/**
 * What a rollout would be, from what is known now: the same sum before it is started and as it is started.
 * Faults: those of `pickDevices` and `sliceWaves`.
 */
export function planRollout(selected: Selected): Planned {
  const picked = pickDevices(selected.candidates, selected.plan);
  const waves = picked.taken.length === 0 ? [] : sliceWaves(picked.taken, selected.plan.waves);
  return { ...picked, waves, approval: approvalOf(selected, picked, waves[0]) };
}

function approvalOf(selected: Selected, { taken }: Picked<Candidate>, first: Sliced | undefined): Reason | null {
  const above = selected.policy.approvals?.above;
  if (above !== undefined && taken.length > above) return { code: approvalCodes.secondPerson, reason: `it goes to ${taken.length} devices; the trust policy wants a second person to approve what goes to more than ${above}` };
  if (!first) return null;
  const ids = new Set(first.devices);
  const consent = consentsOf(selected);
  const verdicts = taken.filter(({ id }) => ids.has(id)).map(consent);
  const refused = verdicts.find((one) => !one.ok);
  if (refused === undefined || refused.ok || verdicts.some((one) => one.ok)) return null;
  const { code, reason } = reasonToWait(refused.refusal);
  const none = verdicts.length === 1 ? 'the one device of its first wave does not let' : `none of the ${verdicts.length} devices of its first wave lets`;
  return { code: approvalCodes.uncovered, reason: `${none} the app have what it asks for: ${reason} (${code})` };
}

/** Whether a device's owner has agreed to what the release asks for; worked out once for all devices that are alike in it. */
function consentsOf({ release, policy, profiles }: Selected): (one: Candidate) => Verdict<unknown> {
  const known = new Map<string, Verdict<unknown>>();
  return ({ bindings, profileKey }) => {
    const key = `${profileKey} ${JSON.stringify(bindings)}`;
    const verdict = known.get(key) ?? consentTo({ release, bindings: Bindings.parse(bindings ?? {}), profile: profiles.get(profileKey), policy });
    known.set(key, verdict);
    return verdict;
  };
}

/** Devices that would be offered nothing at the start, each by the first reason in the order of "why not?". */
export function waitersOf(selected: Selected, { taken }: Planned): Group[] {
  const consent = consentsOf(selected);
  return groupsOf(
    taken.flatMap((one) => {
      const reason = waitReason(one, consent);
      return reason ? [{ id: one.id, ...reason }] : [];
    }),
  );
}

function waitReason(one: Candidate, consent: (one: Candidate) => Verdict<unknown>): { code: string; sentence: string } | undefined {
  if (one.hold !== null) return worded(one.hold === 'deployed' ? 'app.deployed-by-hand' : 'app.held');
  if (!one.online) return worded('device.offline');
  if (one.busyWith !== null) return worded('device.busy');
  const verdict = consent(one);
  if (verdict.ok) return undefined;
  const { code, reason } = reasonToWait(verdict.refusal);
  return { code, sentence: reason };
}

function worded(code: WhyCode): { code: string; sentence: string } {
  return { code, sentence: whyReasons[code].sentence };
}
