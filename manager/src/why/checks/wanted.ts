/** What comes before any rollout looks at a device: whether it is let in, what is wanted of it, and whether that may be offered. */
import { utc } from '../words.ts';
import { type Look, alreadyOffered, hold, pass } from './look.ts';
import type { DeploymentFacts, RolloutFacts, WhyFacts } from '../facts.ts';

export function admission({ device }: WhyFacts): Look {
  if (device.state === 'pending') return hold('device.pending', 'it asked to be let in, and nobody has answered');
  if (device.state === 'revoked') return hold('device.revoked', 'a person ended the trust in it');
  if (device.alarm) return hold('identity-conflict', device.alarm.reason);
  return pass('it is active');
}

export function wanted(facts: WhyFacts): Look {
  const { rollout, assignment, wanted: release } = facts;
  const away = rollout && takenBack(facts, rollout.facts, rollout.deployment);
  if (away) return away;
  if (!release) return nothing(facts);
  const what = `release ${release.version} (${release.release})`;
  if (rollout) return pass(`${what}, by rollout ${rollout.facts.id} in wave ${rollout.deployment.wave}`);
  return pass(assignment ? `${what}, assigned by ${assignment.setBy} at ${utc(assignment.sinceMs)}` : what);
}

function nothing({ device, app, assignment }: WhyFacts): Look {
  if (!assignment) return hold('none-wanted', 'no rollout has the device, and no assignment names the app');
  const off = `${assignment.setBy} took the app off it at ${utc(assignment.sinceMs)}`;
  return assignment.byHand ? hold('none-wanted', `${off}, by hand`, `pier device release ${device.id} ${app}`) : hold('none-wanted', off);
}

/** A deployment that was ended from outside: the device itself has nothing to do with it. */
function takenBack({ device: { online }, wanted: release }: WhyFacts, rollout: RolloutFacts, { state, reason, updatedMs }: DeploymentFacts): Look | undefined {
  const to = release ? `to ${release.version}` : 'to nothing: the app is taken off';
  const since = `since ${utc(updatedMs)}${reason ? `: ${reason.reason}` : ''}`;
  if (state === 'excluded') return hold('rollout.excluded', `excluded ${since}`);
  if (state === 'superseded') return hold('rollout.superseded', `superseded ${since}`);
  if (state === 'cancelled') return rollout.state === 'denied' ? hold('rollout.denied', `denied ${since}`) : hold(isGoingBack(rollout) ? 'rollout.rolled-back' : 'rollout.aborted', `cancelled ${since}`);
  if (state === 'rolling_back') return hold('rolling-back', `on its way back ${since}, ${to}${online ? '' : '; it is offline, and goes on when it is back'}`);
  if (state === 'rolled_back') return hold('rollout.rolled-back', `rolled back ${since}, ${to}`);
  if (state === 'rollback_failed') return hold('rollback-failed', `failed ${since}, ${to}`);
  return undefined;
}

function isGoingBack({ state }: RolloutFacts): boolean {
  return state === 'rolling_back' || state === 'rolled_back';
}

/** Only what waits to be offered is stopped by this: what runs stays, whatever becomes of its release. */
export function wantedRelease(facts: WhyFacts): Look {
  const { wanted: release } = facts;
  const passed = alreadyOffered(facts);
  if (passed) return passed;
  if (release?.state === 'withdrawn') return hold('release.withdrawn', release.reason?.reason ?? 'it was withdrawn');
  if (release?.state === 'rejected') return hold('release.unverified', release.reason ? `${release.reason.code}: ${release.reason.reason}` : 'it is not verified');
  return pass('it is verified');
}
