import type { DeploymentState, PauseCause, Release, RolloutState, WavePlan, WaveState } from '@pier/shared/api';
import type { Asks, Bindings, CapabilityKind } from '@pier/shared/capability';
import type { AppName, DeviceId, Refusal } from '@pier/shared/core';
import type { Reason, ReportedApp } from '@pier/shared/wire';

export type WaveFacts = { readonly n: number; readonly state: WaveState; readonly plan: WavePlan; readonly total: number; readonly proven: number };

/** A rollout as each of its devices sees it. */
export type RolloutFacts = {
  readonly id: string;
  readonly state: RolloutState;
  readonly cause: PauseCause | null;
  readonly reason: Reason | null;
  readonly soakS: number;
  readonly maxInFlight: number;
  readonly inFlight: number;
  /** By number, from 1 on. */
  readonly waves: readonly WaveFacts[];
};

/** A device's place in a rollout. */
export type DeploymentFacts = {
  readonly wave: number;
  readonly state: DeploymentState;
  readonly attempt: number | null;
  readonly reason: Reason | null;
  readonly updatedMs: number;
  readonly deadlineMs: number | null;
  readonly offers: number;
  /** Not offered again before. */
  readonly retryMs: number | null;
  readonly provenMs: number | null;
};

export type WantedFacts = { readonly release: string; readonly version: string; readonly digest: string; readonly state: Release['state']; readonly reason: Reason | null };

/** What should run, as it is written; `byHand` when a person wrote it. */
export type AssignmentFacts = { readonly attempt: number; readonly byHand: boolean; readonly setBy: string; readonly sinceMs: number };

/** All that the answer for one device and app is made of. */
export type WhyFacts = {
  readonly nowMs: number;
  readonly device: { readonly id: DeviceId; readonly state: 'pending' | 'active' | 'revoked'; readonly online: boolean; readonly lastSeenMs: number | null; /** When the manager started, while the device is given time to come back. */ readonly awaitedSinceMs: number | null; /** What is wrong with the device itself. */ readonly alarm: Reason | null };
  readonly app: AppName;
  readonly wanted: WantedFacts | undefined;
  /** Absent where the assignment alone is what is wanted. */
  readonly rollout?: { readonly facts: RolloutFacts; readonly deployment: DeploymentFacts; /** Another rollout that works on the app here. */ readonly busyWith: string | null } | undefined;
  readonly assignment: AssignmentFacts | undefined;
  /** A rollout of another release that came after a person's assignment, and left the device out for it. */
  readonly leftOutOf?: { readonly rollout: string; readonly version: string } | undefined;
  readonly reported: ReportedApp | undefined;
  readonly desiredRefused: Reason | undefined;
  /** The owner's consent; looked at only where the chain comes to it. */
  readonly consent: Consent;
};

export type Consent = {
  readonly asks: () => Asks | undefined;
  readonly bindings: () => Bindings;
  /** Why bindings and policy do not cover what is asked for; undefined when they do. */
  readonly uncovered: () => Refusal | undefined;
  /** Kinds that the release cannot do without and that the policy gives to no app of its scope: no binding helps there. */
  readonly withheld: () => readonly CapabilityKind[];
};
