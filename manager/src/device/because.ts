/**
 * Why a device stands as it does, in a sentence: the deployment's own reason where it has one, else the words of `pier device
 * why`. Pure, and as short as a list wants it; the whole chain of checks is in why/.
 */
import { type DeviceStanding, type WhyCode, whyReasons } from '@pier/shared/api';
import type { Reason, ReportedApp } from '@pier/shared/wire';

/** An app that keeps its device from being in step. */
export type AppStanding = {
  readonly device: string;
  readonly app: string;
  readonly standing: DeviceStanding;
  /** Absent where no deployment counts. */
  readonly deployment: { readonly state: string; readonly version: string; readonly reason: Reason | null } | undefined;
  readonly rollout: { readonly state: string; readonly cause: string | null; readonly reason: string | null; /** All waves before have passed, and a person opens its own. */ readonly manual: boolean };
  readonly release: { readonly state: string; readonly reason: string | null };
  readonly reported: ReportedApp | undefined;
  readonly desiredRefused: Reason | undefined;
  /** Set where a person assigned it. */
  readonly byHandAttempt: number | undefined;
};

/** What is known of the device itself, beside how it stands. */
type OfDevice = { readonly alarm: Reason | null; /** The manager has started anew, and gives it time to come back. */ readonly isAwaited: boolean };

const said = (code: WhyCode, reason?: string | null): Reason => ({ code, reason: reason || whyReasons[code].sentence });

/** Null for a device that is in step; what is wrong with the device itself comes before its apps. Where several apps stand like this, the first by name speaks. */
export function becauseOf(standing: DeviceStanding, apps: readonly AppStanding[], { alarm, isAwaited }: OfDevice = { alarm: null, isAwaited: false }): Reason | null {
  if (standing === 'in_step') return null;
  if (standing === 'revoked' || standing === 'pending') return said(`device.${standing}`);
  if (alarm !== null) return alarm;
  if (standing === 'offline') return said(isAwaited ? 'device.awaited' : 'device.offline');
  if (standing === 'never_heard') return said('device.offline', 'The device was let in, and has not been heard of yet.');
  const app = apps.find((one) => one.standing === standing);
  return app ? judges[standing](app) : null;
}

type OfApps = Exclude<DeviceStanding, 'in_step' | 'revoked' | 'pending' | 'offline' | 'never_heard'>;

const judges: Readonly<Record<OfApps, (app: AppStanding) => Reason>> = {
  failed: ({ deployment, reported }) => {
    if (deployment?.state === 'proven') return said('app.regressed', reported?.reason?.reason);
    return deployment?.reason ?? said(deployment?.state === 'timed_out' ? 'timed-out' : deployment?.state === 'rollback_failed' ? 'rollback-failed' : 'app.failed');
  },
  refused: ({ deployment }) => deployment?.reason ?? said('device.refused'),
  updating,
  soaking: (app) => heldBy(app) ?? app.deployment?.reason ?? said('at-work.soaking'),
  held: (app) => heldBy(app) ?? byHand(app),
  waiting,
};

function updating(app: AppStanding): Reason {
  const state = app.deployment?.state;
  if (state === 'rolling_back') return app.deployment?.reason ?? said('rolling-back');
  if (state === 'offered') return app.desiredRefused ? said('desired.refused', app.desiredRefused.reason) : (app.deployment?.reason ?? said('at-work.offered'));
  const known = state === 'accepted' || state === 'downloading' || state === 'verifying' ? state : 'applying';
  const trouble = app.reported?.state === state ? app.reported?.reason?.reason : undefined;
  return heldBy(app) ?? app.deployment?.reason ?? said(`at-work.${known}`, trouble);
}

function heldBy({ reported }: AppStanding): Reason | undefined {
  const kind = reported?.hold?.kind;
  return kind && said(kind === 'stopped' ? 'app.held' : 'app.deployed-by-hand');
}

/** What a person assigned may itself have failed: that is then the news. */
function byHand({ reported, byHandAttempt }: AppStanding): Reason {
  const taken = reported?.attempt !== undefined && reported.attempt === byHandAttempt;
  if (taken && reported.state === 'failed') return said('app.failed', reported.reason?.reason);
  if (taken && reported.state === 'refused') return said('device.refused', reported.reason?.reason);
  return said('assigned.by-hand');
}

/** In the order of why/: the release, the rollout, then what the engine found when it last looked, unless that is over. */
function waiting(app: AppStanding): Reason {
  const { release, rollout, deployment } = app;
  if (release.state === 'withdrawn') return said('release.withdrawn', release.reason);
  if (release.state === 'rejected') return said('release.unverified', release.reason);
  if (rollout.state === 'awaiting_approval') return said('rollout.approval', rollout.reason);
  if (rollout.state === 'paused') return said(rollout.cause === 'gate' ? 'rollout.paused-gate' : rollout.cause === 'trust' ? 'rollout.paused-trust' : 'rollout.paused-operator', rollout.reason);
  if (rollout.state === 'aborting') return said('rollout.aborted');
  if (rollout.state === 'rolling_back') return said('rollout.rolled-back');
  const found = deployment?.reason;
  if (!found || gone.has(found.code)) return said('at-work.due');
  return found.code === 'rollout.wave-pending' && rollout.manual ? said('rollout.wave-manual') : found;
}

/** A device that stands as waiting is online, and nobody holds its app: the engine has yet to see that. */
const gone: ReadonlySet<string> = new Set<WhyCode>(['device.offline', 'device.awaited', 'assigned.by-hand', 'app.held']);
