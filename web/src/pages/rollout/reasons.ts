/** How the reasons of "why not updated?" are shown for many devices at once: an icon, and a few words. */
import type { DeploymentState, Rollout, WhyCode } from '@pier/shared/api';
import { type Family, type IconName, count, deploymentWords, duration } from '../../words/index.ts';

type Look = { readonly icon: IconName; readonly family: Family; readonly says: string };
const look = (icon: IconName, family: Family, says: string): Look => ({ icon, family, says });

const looks: Readonly<Record<WhyCode, Look>> = {
  proven: look('check', 'ok', 'Proven'),
  'device.pending': look('user-check', 'waiting', 'Not let in yet'),
  'device.revoked': look('lock', 'offline', 'Revoked, offered nothing'),
  'identity-conflict': look('barred', 'refused', 'Two boards with one identity'),
  'none-wanted': look('dashed', 'waiting', 'Nothing is wanted of this app there'),
  'rollout.excluded': look('skip', 'excluded', 'Left out by a person'),
  'rollout.superseded': look('chevrons', 'excluded', 'Taken over by a newer rollout, or by hand'),
  'rollout.aborted': look('cross', 'excluded', 'The rollout was aborted before it came to them'),
  'rollout.rolled-back': look('back', 'undone', 'Rolled back'),
  'rolling-back': look('back', 'undone', 'On the way back'),
  'rollback-failed': look('alert', 'failed', 'Could not be brought back'),
  'release.withdrawn': look('alert', 'paused', 'The release was withdrawn'),
  'release.unverified': look('barred', 'refused', 'The policy does not accept the release'),
  'rollout.approval': look('user-check', 'waiting', 'The rollout waits for approval'),
  'rollout.denied': look('barred', 'refused', 'The rollout was denied'),
  'rollout.paused-operator': look('pause', 'paused', 'The rollout is paused by a person'),
  'rollout.paused-gate': look('pause', 'paused', 'The rollout stopped itself'),
  'rollout.paused-trust': look('pause', 'paused', 'The rollout stopped, its release was not trusted'),
  'assigned.by-hand': look('pause', 'paused', 'Assigned by hand'),
  'app.held': look('pause', 'paused', 'A person stopped the app at the device'),
  'app.deployed-by-hand': look('pause', 'paused', 'Another release deployed by hand, for a time'),
  'rollout.wave-pending': look('clock', 'waiting', 'Their wave is not open'),
  'rollout.wave-manual': look('user-check', 'waiting', 'Their wave waits for a person to open it'),
  'device.offline': look('struck', 'offline', 'Offline'),
  'device.awaited': look('struck', 'offline', 'Not back yet, the manager has started anew'),
  'policy.scope': look('alert', 'paused', 'No scope of the policy covers its repository'),
  'capability.unbound': look('alert', 'paused', 'It asks for what is not bound there'),
  'capability.mode': look('alert', 'paused', 'It asks for more than is allowed there'),
  'capability.reserved': look('alert', 'paused', 'Bound to what the board reserves'),
  'device.document-too-large': look('alert', 'paused', 'Too much to fit into a message'),
  'device.busy': look('clock', 'waiting', 'At work for another rollout'),
  'rollout.capacity': look('clock', 'waiting', 'Next, as many as allowed are at work'),
  'desired.refused': look('barred', 'refused', 'Does not take the document'),
  'device.silent': look('struck', 'offline', 'Offered, not taken up; offered again'),
  'at-work.due': look('right', 'waiting', 'Offered within a second or two'),
  'at-work.offered': look('right', 'waiting', 'Offered, no answer yet'),
  'at-work.accepted': look('right', 'busy', 'Accepted'),
  'at-work.downloading': look('download', 'busy', 'Downloading'),
  'at-work.verifying': look('shield', 'busy', 'Checking signatures'),
  'at-work.applying': look('up', 'busy', 'Starting it'),
  'at-work.soaking': look('hourglass', 'soaking', 'Soaking'),
  'timed-out': look('clock-filled', 'failed', 'Did not finish in time'),
  'device.refused': look('barred', 'refused', 'Refused'),
  'app.failed': look('octagon', 'failed', 'Failed'),
  'app.regressed': look('octagon', 'failed', 'Proven before, failed later'),
};

/** A code that this page does not know yet is shown with the manager's own sentence. */
export function lookOf(code: string, sentence: string): Look {
  const found = Object.entries(looks).find(([key]) => key === code);
  return found?.[1] ?? look('clock', 'waiting', sentence);
}

const badCodes: readonly string[] = ['timed-out', 'device.refused', 'app.failed', 'app.regressed', 'rollback-failed'] satisfies readonly WhyCode[];
export const isBad = (code: string): boolean => badCodes.includes(code);

/** What is known of all devices with this reason, from the rollout itself. */
export function evidenceOf(code: string, rollout: Pick<Rollout, 'soakS' | 'maxInFlight' | 'deadlineS' | 'waves'>): string | undefined {
  const span = (s: number): string => duration(s * 1_000);
  const soaks = rollout.waves.filter(({ counts }) => (counts.soaking ?? 0) > 0).map(({ plan }) => plan.soakS ?? rollout.soakS);
  const of: Readonly<Record<string, string>> = {
    'at-work.soaking': `${[...new Set(soaks)].toSorted((a, b) => a - b).map(span).join(' or ')} without trap or restart`,
    'rollout.capacity': `cap ${count(rollout.maxInFlight)}`,
    'device.offline': 'offered when they return',
    'device.awaited': 'offered when they return',
    'timed-out': `${span(rollout.deadlineS)} a step`,
  };
  return Object.hasOwn(of, code) ? of[code] : undefined;
}

/** The states in which a deployment with this reason is, where they are no others'. */
export function statesOf(code: string): readonly DeploymentState[] {
  const own: Readonly<Record<string, readonly DeploymentState[]>> = {
    'rollout.excluded': ['excluded'], 'rollout.superseded': ['superseded'], 'rollout.aborted': ['cancelled'], 'rolling-back': ['rolling_back'], 'rollout.rolled-back': ['rolled_back'], 'rollback-failed': ['rollback_failed'],
    'timed-out': ['timed_out'], 'device.refused': ['refused'], 'app.failed': ['failed'],
  };
  const [, step] = /^at-work\.(\w+)$/.exec(code) ?? [];
  if (step !== undefined && step !== 'due') return Object.keys(deploymentWords).filter((state): state is DeploymentState => state === step);
  return Object.hasOwn(own, code) ? (own[code] ?? []) : ['waiting'];
}
